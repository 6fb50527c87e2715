"""Backups: one consistent copy with its checksum, checked before it is used, with a hold in it.

SQLite is copied by ``VACUUM INTO`` (safe while the bot writes; a copied file is not), PostgreSQL by its own ``pg_dump`` and ``psql``.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from storage import holds
from storage.dialects import open_engine
from storage.upgrade import NewerDatabase, current, head, upgrade

REASON = "restored from a backup"
SQLITE, POSTGRES = ".db", ".sql.gz"
_HEADER = "-- mlops-coach backup of revision "
_HOLD = "INSERT INTO public.send_hold (what, reason, since) VALUES ('{what}', '{reason}', {since}) ON CONFLICT DO NOTHING;\n"


class BackupFailed(Exception):
    """There is no backup, or it must not be used; the text says why and what to do."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was read from end to end."""

    file: Path
    sha256: str
    revision: str
    size: int  # bytes


def name_for(engine: Engine, now: datetime, what: str = "coach") -> str:
    return f"{what}-{now:%Y%m%dT%H%M%SZ}{SQLITE if engine.dialect.name == 'sqlite' else POSTGRES}"


def backup(engine: Engine, to: Path, now: datetime) -> Backup:
    """Write a backup and its checksum beside it, and read it again. Raises :class:`BackupFailed`; then nothing is there."""
    if to.exists():
        raise BackupFailed(f"{to} is there already. Choose another name.")
    with engine.connect() as conn:
        revision = current(conn)
    if revision is None:
        raise BackupFailed("The database is empty: there is nothing to back up.")
    with _becoming(to) as part:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(engine, part, now)
        else:
            _dump_postgres(engine.url, part, revision, now)
    _sums(to).write_text(f"{_sha256(to)}  {to.name}\n", encoding="ascii")
    return check(to)


def newest(folder: Path) -> datetime | None:
    """When the newest whole backup in a folder was made, in UTC; its checksum is written last."""
    made = [
        _sums(file).stat().st_mtime
        for file in folder.glob("*")
        if file.name.endswith((SQLITE, POSTGRES)) and _sums(file).is_file()
    ]
    return datetime.fromtimestamp(max(made), UTC) if made else None


def check(file: Path) -> Backup:
    """Verify checksum, integrity and revision. Raises :class:`BackupFailed`."""
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    if not _sums(file).is_file():
        raise BackupFailed(f"The checksum {_sums(file).name} is not beside {file}: it may be incomplete.")
    told = _sums(file).read_text(encoding="ascii", errors="replace").split()
    sha256 = _sha256(file)
    if not told or told[0] != sha256:
        raise BackupFailed(f"{file} is not what was written: its checksum differs. Use another backup.")
    revision = _check_sqlite(file) if file.name.endswith(SQLITE) else _check_dump(file)
    if revision > head():
        raise BackupFailed(f"{file} is of revision {revision}, this release knows {head()}. Use the newer release.")
    return Backup(file=file, sha256=sha256, revision=revision, size=file.stat().st_size)


def restore(file: Path, url: URL, now: datetime, *, replace: bool) -> Path | None:
    """Put a checked backup in place, held, at our revision. Returns the backup of what was there before.

    Raises :class:`BackupFailed` when something is there and ``replace`` is not said; then nothing was touched.
    """
    known = check(file)
    is_file = url.get_backend_name() == "sqlite"
    if is_file != known.file.name.endswith(SQLITE):
        raise BackupFailed(f"{file} is a backup of another kind of database than {url.get_backend_name()}.")
    if is_file:
        return _restore_sqlite(file, Path(str(url.database)), now, replace=replace)
    return _restore_postgres(file, url, now, replace=replace)


# ---- SQLite


def _copy_sqlite(engine: Engine, part: Path, now: datetime) -> None:
    with closing(sqlite3.connect(str(engine.url.database), timeout=30)) as source:
        source.execute("VACUUM INTO ?", (str(part),))
    copy = open_engine(f"sqlite:///{part}")
    with copy.begin() as conn:
        holds.hold(conn, REASON, now)
    copy.dispose()
    with closing(sqlite3.connect(part)) as alone:  # one file, whoever copies it on
        alone.execute("PRAGMA journal_mode=DELETE")


def _check_sqlite(file: Path) -> str:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as conn:
            found = [row[0] for row in conn.execute("PRAGMA integrity_check(1)")]
            if found != ["ok"]:
                raise BackupFailed(f"{file} is damaged: {found[0]}. Use another backup.")
            return str(conn.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except sqlite3.Error as error:
        raise BackupFailed(f"{file} is no backup of ours: {error}.") from error


def _restore_sqlite(file: Path, target: Path, now: datetime, *, replace: bool) -> Path | None:
    before = None
    if target.exists() and target.stat().st_size:
        if not replace:
            raise BackupFailed(f"{target} is there already. Say --replace to put the backup in its place.")
        before = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "restored.db"
        shutil.copyfile(file, made)
        _settle(open_engine(f"sqlite:///{made}"), now)
        if before is not None:
            with closing(sqlite3.connect(target)) as old:  # the log's rows go into the file that is kept
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            os.link(target, before)
        for suffix in ("-wal", "-shm"):  # of another file: never to be read with this one
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        made.replace(target)
    return before


# ---- PostgreSQL


def _dump_postgres(url: URL, part: Path, revision: str, now: datetime) -> None:
    command = [_program("pg_dump"), "--no-owner", "--no-privileges", f"--dbname={_address(url)}"]
    with tempfile.TemporaryFile() as complaint, gzip.open(part, "wb", compresslevel=6) as out:
        out.write(f"{_HEADER}{revision}\n".encode())
        with subprocess.Popen(  # noqa: S603 - our own words, no shell
            command, stdout=subprocess.PIPE, stderr=complaint, env=_secretly(url)
        ) as dump:
            if dump.stdout is not None:
                shutil.copyfileobj(dump.stdout, out, 1 << 20)
        if dump.returncode != 0:
            complaint.seek(0)
            raise BackupFailed(f"pg_dump failed: {_shortly(complaint.read())}")
        out.write(_HOLD.format(what=holds.EVERYTHING, reason=REASON, since=int(now.timestamp())).encode())


def _check_dump(file: Path) -> str:
    """Read it to the end: the checks of gzip cover every byte, and the hold is the last line."""
    first = last = b""
    try:
        with gzip.open(file, "rb") as lines:
            for line in lines:
                first, last = first or line, line
    except (OSError, EOFError) as error:
        raise BackupFailed(f"{file} is damaged: {error}. Use another backup.") from error
    if not first.startswith(_HEADER.encode()) or not last.startswith(b"INSERT INTO public.send_hold"):
        raise BackupFailed(f"{file} is no whole backup of ours.")
    return first.decode().removeprefix(_HEADER).strip()


def _restore_postgres(file: Path, url: URL, now: datetime, *, replace: bool) -> Path | None:
    engine = open_engine(url)
    try:
        is_filled = _may_be_filled(engine, replace=replace)
        before = file.with_name(name_for(engine, now, "before")) if is_filled else None
        if before is not None:
            backup(engine, before, now)
    finally:
        engine.dispose()
    _feed(file, url, clear=is_filled)
    _settle(engine, now)
    return before


def _may_be_filled(engine: Engine, *, replace: bool) -> bool:
    """Whether there is something to be replaced. Raises when it must not be, or when somebody uses it."""
    with engine.connect() as conn:
        is_ours = current(conn) is not None
        tables = conn.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one()
        if tables and not (replace and is_ours):
            todo = "Say --replace to put the backup in its place." if is_ours else "Give an empty one."
            raise BackupFailed(f"There are tables in this database already. {todo}")
        others = conn.execute(_OTHERS).scalar_one()
        if others:  # a connection that was closed just now may still be counted
            conn.execute(text("SELECT pg_sleep(0.5)"))
            conn.execute(text("SELECT pg_stat_clear_snapshot()"))
            others = conn.execute(_OTHERS).scalar_one()
        if others:
            raise BackupFailed(f"{others} other connections use this database. Stop the bot first.")
    return bool(tables)


_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


def _feed(file: Path, url: URL, *, clear: bool) -> None:
    """Run the dump in one transaction: it is all there, with its hold, or nothing has changed."""
    command = [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"]
    command.append(f"--dbname={_address(url)}")
    with tempfile.TemporaryFile() as complaint, gzip.open(file, "rb") as lines:
        with subprocess.Popen(  # noqa: S603 - as above
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaint, env=_secretly(url)
        ) as run:
            if run.stdin is not None:
                try:
                    if clear:
                        run.stdin.write(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n")
                    shutil.copyfileobj(lines, run.stdin, 1 << 20)
                    run.stdin.close()
                except BrokenPipeError:
                    pass  # it has said why
        if run.returncode != 0:
            complaint.seek(0)
            raise BackupFailed(f"psql failed, and nothing was changed: {_shortly(complaint.read())}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is not there. Install PostgreSQL's client tools of the server's version or newer.")
    return found


def _address(url: URL) -> str:
    """Without the password, which would stand in the list of processes."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _secretly(url: URL) -> Mapping[str, str]:
    return {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}


def _shortly(complaint: bytes) -> str:
    return " ".join(complaint.decode(errors="replace").split())[:300] or "it did not say why"


# ---- both


def _settle(engine: Engine, now: datetime) -> None:
    """Bring what was restored to our revision, and hold it, if the backup itself did not."""
    try:
        upgrade(engine)
        with engine.begin() as conn:
            holds.hold(conn, REASON, now)
        if engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(engine.url.database))) as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except NewerDatabase as error:
        raise BackupFailed(str(error)) from error
    finally:
        engine.dispose()


@contextmanager
def _becoming(to: Path) -> Iterator[Path]:
    """A file that has its name only when it is whole and on the disk."""
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.chmod(0o600)  # everything about everybody is in it
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)


def _sums(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
