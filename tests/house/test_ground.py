"""The ground that other tests stand on holds: PostgreSQL is real, and no socket leaves the machine."""

import json
import socket
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

ROOT = Path(__file__).parents[2]


def test_postgres_copies_a_template(postgres_database):
    first = postgres_database()
    engine = create_engine(first)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE lesson (id int)"))
        connection.execute(text("INSERT INTO lesson VALUES (7)"))
    engine.dispose()
    copy = create_engine(postgres_database(template=first))
    with copy.connect() as connection:
        assert connection.scalar(text("SELECT id FROM lesson")) == 7
        assert connection.scalar(text("SHOW server_version_num")) >= "160000"
    copy.dispose()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.invalid"])
def test_no_socket_leaves_the_machine(host):
    with pytest.raises(pytest.fail.Exception, match="only loopback"):
        socket.create_connection((host, 80), timeout=1)


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5):
        pass


def test_rounds_are_short_in_the_gate(rounds, request):
    assert rounds(3, 1_000) == (1_000 if request.config.getoption("--long") else 3)


def test_packages_from_npm_are_pinned_by_hash_and_name_no_registry():
    lock = json.loads((ROOT / "tests/clients/npm/package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if "integrity" not in one or "resolved" in one] == []
