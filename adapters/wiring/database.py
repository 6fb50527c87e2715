"""The database by its address, for the command line: errors are sentences, not traces."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from adapters.wiring.system import Unusable
from storage.dialects import open_engine
from storage.upgrade import NewerDatabase, current, head


@contextmanager
def told() -> Iterator[None]:
    """Let what the database or its driver says become :class:`Unusable` with its first line."""
    try:
        yield
    except (SQLAlchemyError, NewerDatabase, ModuleNotFoundError) as error:
        raise Unusable(str(error).splitlines()[0]) from error


def state(url: str) -> tuple[str, str | None, str]:
    """(kind of database, its revision, ours). Raises :class:`Unusable` when it does not answer."""
    with told():
        engine = open_engine(url)
        with engine.connect() as conn:
            return engine.dialect.name, current(conn), head()


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Be the only process that serves a SQLite file; the system ends it with the process, however that ends.

    Raises :class:`Unusable` when another process has it. Other databases are shared.
    """
    path = file_of(url)
    if path is None or sys.platform == "win32":
        yield
        return
    import fcntl

    with path.with_name(f"{path.name}.lock").open("wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable(
                f"Another process serves {path}. Stop that one first; for several processes use PostgreSQL."
            ) from error
        yield


def is_for_one(url: str) -> bool:
    """Whether one process alone can use this database. Raises :class:`Unusable`."""
    return _parsed(url).get_backend_name() == "sqlite"


def file_of(url: str) -> Path | None:
    """The file behind a SQLite address; None for another database or one in memory. Raises :class:`Unusable`."""
    parsed = _parsed(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}
    return Path(str(parsed.database)) if is_file else None


def _parsed(url: str) -> URL:
    """Raises :class:`Unusable`, never with a part of the address: what was taken for its port may be half a password."""
    try:
        with told():
            return make_url(url)
    except ValueError:
        raise Unusable("This is not a database address: write what is special in a password as %xx.") from None
