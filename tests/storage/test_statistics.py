"""First statistics: taken of tables that have filled, once, so that finding one person does not read everybody."""

import pytest
from sqlalchemy import text

from storage import statistics
from storage.addresses import _REACHED
from storage.dialects import open_engine
from storage.people import account, member
from storage.schema import metadata
from tests.storage.conftest import NOW

PEOPLE = 400


@pytest.fixture
def full(postgres_database):
    """A database in which so many people arrived a moment ago, and whose server has not looked at it."""
    engine = open_engine(postgres_database())
    metadata.create_all(engine)
    people = [{"tenant": "acme", "id": f"m{at}", "account": f"a{at}"} for at in range(PEOPLE)]
    with engine.begin() as conn:
        for table in ("member", "account"):  # the server's own look would come at a moment of its own
            conn.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
        conn.execute(member.insert().values(name="", locale="en", active=True, flags=[], created_at=NOW), people)
        conn.execute(
            account.insert().values(workspace="w", address=""),
            [{"tenant": "acme", "id": one["account"], "member": one["id"], "external": one["id"]} for one in people],
        )
        conn.execute(text("SELECT pg_stat_force_next_flush()"))
    yield engine
    engine.dispose()


def estimate(conn, name):
    """How many rows the planner believes a table has; -1 when it knows nothing."""
    return conn.execute(text("SELECT reltuples FROM pg_class WHERE relname = :name"), {"name": name}).scalar()


def test_tables_that_have_filled_are_looked_at_once(full):
    with full.begin() as conn:
        assert estimate(conn, "member") == -1
        assert statistics.gather(conn) == ["account", "member"]
    with full.begin() as conn:
        assert estimate(conn, "member") == PEOPLE
        assert estimate(conn, "team") == -1  # empty: there is nothing to know
        conn.execute(text("SELECT pg_stat_force_next_flush()"))
    with full.begin() as conn:
        assert statistics.gather(conn) == []


def test_one_process_at_a_time(full):
    with full.begin() as first, full.begin() as second:
        assert statistics.gather(first)
        assert statistics.gather(second) == []


def test_sqlite_needs_none(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.begin() as conn:
        assert statistics.gather(conn) == []
    engine.dispose()


def test_whom_to_reach_reads_one_row_also_without_them(full):
    with full.begin() as conn:
        asked = _REACHED.params(of_tenant="acme", whom="m7")
        statement = str(asked.compile(conn, compile_kwargs={"literal_binds": True}))
        [plan] = conn.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")).scalar_one()
        assert rows_read(plan["Plan"]) <= 2, plan


def rows_read(node):
    own = (
        0
        if "Plans" in node and "Index Cond" not in node
        else node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    )
    return own + sum(map(rows_read, node.get("Plans", [])))
