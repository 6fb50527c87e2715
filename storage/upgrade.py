"""Bring a database to the newest schema, and tell how far it is. Alembic is imported only when there is work."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from storage.dialects import hold_schema

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer release; this one must not touch it."""


def head() -> str:
    """The newest revision we know: files are named ``NNNN_what.py`` and revision ids are ``NNNN``."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(conn: Connection) -> str | None:
    """The revision of the database; None for an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Apply what is missing. Returns (revision before, revision now). Raises :class:`NewerDatabase`."""
    with engine.connect() as conn:
        before = current(conn)
    newest = head()
    if before is not None and before > newest:
        raise NewerDatabase(f"the database is at revision {before}, this release knows {newest}")
    if before != newest:
        _run(engine)
    return before, newest


def _run(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as conn:
        hold_schema(conn)
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
