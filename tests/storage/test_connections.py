"""Connections to PostgreSQL: tried when they have rested, and with limits of their own where somebody waits."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage import dialects
from storage.dialects import limited, open_engine

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def cut(postgres_database):
    """An engine whose only connection was cut while it rested in the pool."""
    url = postgres_database()
    engine, other = open_engine(url, pool_size=1), open_engine(url)
    with engine.begin() as conn:
        pid = conn.execute(PID).scalar()
    with other.begin() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    yield engine, pid
    engine.dispose()
    other.dispose()


def test_a_connection_that_was_cut_while_it_rested_is_made_anew(cut, monkeypatch):
    engine, pid = cut
    monkeypatch.setattr(dialects, "RESTED", 0.0)
    with engine.begin() as conn:
        assert conn.execute(PID).scalar() != pid


def test_control_one_in_use_a_moment_ago_is_not_tried_and_fails_once(cut, monkeypatch):
    engine, _pid = cut
    monkeypatch.setattr(dialects, "RESTED", 3600.0)
    with engine.connect() as conn, pytest.raises(OperationalError):
        conn.execute(PID)
    with engine.begin() as conn:
        assert conn.execute(PID).scalar()


def shown(engine, name):
    with engine.begin() as conn:
        return conn.execute(text(f"SHOW {name}")).scalar()


def test_limits_are_the_connections_own_and_add_to_its_options(postgres_database):
    engine = open_engine(postgres_database())
    strict = limited(engine, lock=0.2, statement=0.5, pool_size=1)
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    assert [shown(strict, name) for name in names] == ["200ms", "500ms", "20s"]
    assert [shown(engine, name) for name in names] == ["0", "0", "20s"]
    engine.dispose()
    strict.dispose()
