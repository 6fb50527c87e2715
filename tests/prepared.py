"""Databases made once in a process and copied from then on: making the tables and compiling a pack takes longer than most tests."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, event

from adapters.wiring.system import open_catalogs
from content import loader
from storage import parts, playground, teams  # noqa: F401 - they bring their tables
from storage.dialects import open_engine
from storage.schema import metadata
from storage.store import Store

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

_with_pack: dict[str, bytes] = {}


def database(path: Path, pack: Path | None = None) -> str:
    """Write a database with every table, and with the pack of that folder compiled, to ``path``; returns its address."""
    path.write_bytes(_compiled(pack) if pack else _empty())
    return f"sqlite:///{path}"


def unsynced(engine: Engine) -> Engine:
    """No waiting for the disk: a process that ends keeps what it committed, and power cuts are not tested by this."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    return engine


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = open_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        engine.dispose()  # the last connection of a file writes its log back
        return path.read_bytes()


def _compiled(pack: Path) -> bytes:
    mark = loader.fingerprint(pack)
    if mark not in _with_pack:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "pack.db"
            path.write_bytes(_empty())
            store = Store(open_engine(f"sqlite:///{path}"))
            open_catalogs(store, pack, LONG_AGO)
            store.close()
            _with_pack[mark] = path.read_bytes()
    return _with_pack[mark]
