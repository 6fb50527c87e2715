"""An empty database becomes exactly what the code describes, on both databases; a newer one is left alone."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import storage
from storage import upgrade
from storage.dialects import open_engine
from storage.schema import metadata

ROOT = upgrade.MIGRATIONS.parents[1]
FIRST = upgrade.MIGRATIONS / "versions" / "0001_first_schema.py"


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")()
    engine = open_engine(url)
    yield engine
    engine.dispose()


def test_an_empty_database_becomes_what_the_code_describes(empty):
    for module in pkgutil.iter_modules(storage.__path__):
        importlib.import_module(f"storage.{module.name}")  # a table nobody imports would not be compared
    assert upgrade.upgrade(empty) == (None, upgrade.head())
    with empty.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert set(inspect(conn).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_partial_indexes_are_there_with_their_conditions(empty):
    upgrade.upgrade(empty)
    if empty.dialect.name == "sqlite":
        listed = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        listed = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with empty.connect() as conn:
        made = {name: sql for name, sql in conn.execute(text(listed))}  # noqa: C416 - rows
    wanted = {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert {"ix_delivery_ready", "ix_delivery_pending", "ix_job_open", "uq_booking_seat"} <= set(wanted)
    for name, condition in wanted.items():
        words = set(re.findall(r"'\w+'", condition))
        assert "WHERE" in made[name], name
        assert words <= set(re.findall(r"'\w+'", made[name])), name
    assert "UNIQUE" in made["uq_booking_seat"]


def test_both_databases_have_the_same_condition_on_every_partial_index():
    for table in metadata.tables.values():
        for index in table.indexes:
            here, there = (index.dialect_options[name]["where"] for name in ("sqlite", "postgresql"))
            assert str(here) == str(there), index.name


def test_a_second_upgrade_does_nothing(empty):
    upgrade.upgrade(empty)
    assert upgrade.upgrade(empty) == (upgrade.head(), upgrade.head())


def test_replicas_that_start_together_upgrade_once(empty):
    """Processes, as in life: Alembic keeps what it is doing in its modules."""
    code = "import sys; from storage import dialects, upgrade; upgrade.upgrade(dialects.open_engine(sys.argv[1]))"
    url = empty.url.render_as_string(hide_password=False)
    started = [subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT, env=os.environ) for _ in range(2)]
    assert [one.wait(60) for one in started] == [0, 0]
    with empty.connect() as conn:
        assert upgrade.current(conn) == upgrade.head()


def test_a_newer_database_is_refused_and_untouched(empty):
    upgrade.upgrade(empty)
    with empty.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(upgrade.NewerDatabase, match="9999"):
        upgrade.upgrade(empty)
    with empty.connect() as conn:
        assert upgrade.current(conn) == "9999"


def test_row_numbers_of_deliveries_are_never_used_again_on_sqlite(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    upgrade.upgrade(engine)
    with engine.connect() as conn:
        made = conn.execute(text("SELECT sql FROM sqlite_master WHERE name = 'delivery'")).scalar_one()
    engine.dispose()
    assert "AUTOINCREMENT" in made


def test_a_migration_imports_nothing_of_ours():
    for path in FIRST.parent.glob("*.py"):
        imports = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE)
        assert set(imports) <= {"__future__", "alembic", "sqlalchemy"}, path.name
