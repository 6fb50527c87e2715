"""What an operator does from the shell: back up, restore, end a hold, look after messages. Errors are sentences."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from adapters.wiring.database import alone, told
from adapters.wiring.system import Unusable, new_id
from bot.domain.waves import PER_MINUTE, arrivals, ceiled
from storage import backups, erasure, holds, operations
from storage.backups import Backup
from storage.dialects import open_engine
from storage.holds import Hold
from storage.operations import Trouble
from storage.queues import queues
from storage.upgrade import current, head
from storage.upgrade import upgrade as apply

ERASURES = "erased.txt"  # a line a person: company, mark, when
T = TypeVar("T")


def backup(url: str, folder: Path, to: Path | None) -> Backup:
    """Write a backup to ``to``, or under a name with the hour into ``folder``."""
    now = datetime.now(UTC)
    with sentences():
        engine = open_engine(url)
        try:
            return backups.backup(engine, to or folder / backups.name_for(engine, now), now)
        finally:
            engine.dispose()


class Upgraded(msgspec.Struct, frozen=True, kw_only=True):
    """What an upgrade did: revisions, and the backup made before, or why there is none."""

    before: str | None
    now: str
    backup: Path | None = None
    without: str | None = None


def upgrade(url: str, folder: Path | None) -> Upgraded:
    """Bring a database to our schema, after a backup into ``folder``.

    A PostgreSQL server has backups of its own, and an image need not have its tools: where there is no ``pg_dump`` that is told, and it goes on.
    A SQLite file that cannot be backed up is not touched.
    """
    with sentences():
        engine = open_engine(url)
        try:
            return upgrade_engine(engine, folder)
        finally:
            engine.dispose()


def upgrade_engine(engine: Engine, folder: Path | None) -> Upgraded:
    """The same for a database that is open."""
    with engine.connect() as conn:
        before = current(conn)
    made = without = None
    if folder is not None and before is not None and before < head():
        now = datetime.now(UTC)
        try:
            made = backups.backup(engine, folder / backups.name_for(engine, now, f"before-{head()}"), now).file
        except backups.BackupFailed as error:
            if engine.dialect.name == "sqlite":
                raise
            without = str(error)
    apply(engine)
    return Upgraded(before=before, now=head(), backup=made, without=without)


def check(file: Path) -> Backup:
    with sentences():
        return backups.check(file)


def restore(file: Path, url: str, *, replace: bool) -> Path | None:
    """Put a backup in place while nobody serves; nothing is sent from it until :func:`release`.

    Returns the backup of what was there before.
    """
    now = datetime.now(UTC)
    with sentences(), alone(url):
        before = backups.restore(file, make_url(url), now, replace=replace)
    _erase_again(url, file.parent, now)
    return before


def note_erasures(conn: Connection, folder: Path) -> int:
    """Write who was erased beside the backups, which do not know it yet. Returns how many were new."""
    marks = erasure.marks(conn)
    if not marks:
        return 0
    file = folder / ERASURES
    known = set(file.read_text(encoding="ascii").splitlines()) if file.exists() else set()
    new = [line for line in (f"{tenant} {mark} {at.isoformat()}" for tenant, mark, at in marks) if line not in known]
    if new:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as out:
            out.write("".join(f"{line}\n" for line in new))
            out.flush()
            os.fsync(out.fileno())
    return len(new)


def _erase_again(url: str, folder: Path, now: datetime) -> None:
    """What an older copy brought back of people who were erased since goes again."""
    file = folder / ERASURES
    if not file.exists():
        return
    marks: dict[str, dict[str, datetime]] = defaultdict(dict)
    for line in file.read_text(encoding="ascii").splitlines():
        tenant, mark, at = line.split()
        marks[tenant][mark] = datetime.fromisoformat(at)
    opened(url, lambda conn: [erasure.Erasure(conn, one).again(marks[one], new_id, now) for one in marks])


def held(url: str) -> Hold | None:
    return opened(url, holds.held)


def release(url: str, *, send: bool, folder: Path) -> int:
    """End the hold; returns how many messages were ended without being sent. Whoever was erased is erased before."""
    now = datetime.now(UTC)
    _erase_again(url, folder, now)
    return opened(url, lambda conn: operations.release(conn, now, send=send))


def troubles(url: str) -> list[Trouble]:
    now = datetime.now(UTC)
    return opened(url, lambda conn: operations.troubles(conn, now))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with messages that are due: how many, how fast they go (None: at once), and when the last one has gone."""

    workspace: str
    name: str
    platform: str
    waiting: int
    oldest_due: datetime
    moves: bool
    per_minute: int | None
    ends_at: datetime


def lines(url: str) -> list[Line]:
    """What waits for its turn, lane by lane, the longest first."""
    now = datetime.now(UTC)
    found = []
    for one in opened(url, lambda conn: queues(conn, now)):
        rate = PER_MINUTE.get(one.platform)
        (ends,) = arrivals([(now, one.waiting)], rate)
        found.append(Line(per_minute=rate, ends_at=ceiled(ends), **msgspec.structs.asdict(one)))
    return found


def replay(url: str, ids: Sequence[int]) -> list[int]:
    now = datetime.now(UTC)
    return opened(url, lambda conn: operations.replay(conn, ids, now))


def drop(url: str, ids: Sequence[int]) -> list[int]:
    now = datetime.now(UTC)
    return opened(url, lambda conn: operations.drop(conn, ids, now))


def opened(url: str, work: Callable[[Connection], T]) -> T:
    """Do something in one transaction over a database of our schema."""
    with sentences():
        engine: Engine = open_engine(url)
        try:
            with engine.begin() as conn:
                if current(conn) != head():
                    raise Unusable("The database has not the schema of this release. Run `mlops-coach db upgrade`.")
                return work(conn)
        finally:
            engine.dispose()


@contextmanager
def sentences() -> Iterator[None]:
    """Let whatever the database, its tools or the disk say become :class:`Unusable`."""
    try:
        with told():
            yield
    except (backups.BackupFailed, OSError) as error:
        raise Unusable(str(error)) from error
