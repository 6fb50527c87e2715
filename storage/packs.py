"""Every activated compiled pack, by its sha256: open quizzes and resends stay on the version they began with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, Table, select, update

from storage.dialects import insert
from storage.schema import Instant, ident, metadata

pack = Table(
    "pack",
    metadata,
    ident("version", primary_key=True),  # sha256 of the body
    ident("fingerprint"),  # of the source folder, so that an unchanged one is not compiled again
    Column("body", LargeBinary, nullable=False),
    Column("activated_at", Instant, nullable=False),
)


def active(conn: Connection, fingerprint: str) -> tuple[str, bytes] | None:
    """The (version, body) compiled from a source folder with this fingerprint."""
    row = conn.execute(select(pack.c.version, pack.c.body).where(pack.c.fingerprint == fingerprint)).first()
    return None if row is None else (row.version, row.body)


def load(conn: Connection, version: str) -> bytes:
    """The body of one version. Raises ``sqlalchemy.exc.NoResultFound`` for a version never activated."""
    return bytes(conn.execute(select(pack.c.body).where(pack.c.version == version)).scalar_one())


def newest(conn: Connection) -> bytes | None:
    """The body of the version that was activated last."""
    body = conn.execute(select(pack.c.body).order_by(pack.c.activated_at.desc()).limit(1)).scalar()
    return None if body is None else bytes(body)


def activate(conn: Connection, version: str, fingerprint: str, body: bytes, now: datetime) -> None:
    row = {"version": version, "fingerprint": fingerprint, "body": body, "activated_at": now}
    if conn.execute(insert(conn, pack).values(row).on_conflict_do_nothing()).rowcount == 0:
        again = {"fingerprint": fingerprint, "activated_at": now}
        conn.execute(update(pack).where(pack.c.version == version).values(**again))
