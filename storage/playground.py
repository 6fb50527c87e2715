"""The playground's own conversations and clock: what a chat platform would remember, in transactions of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Table,
    UniqueConstraint,
    func,
    or_,
    select,
    update,
)

from bot.messages import Message
from storage.dialects import insert
from storage.people import account, member, workspace
from storage.places import channel
from storage.schema import Instant, Json, RowId, ident, metadata

DIRECT = "dm:"  # a direct conversation is named after its account, and only that account sees it

playground_message = Table(
    "playground_message",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    ident("workspace"),
    ident("place"),
    Column("thread", RowId),  # the root message, in a thread
    ident("author", nullable=True),  # an account; nothing for the bot
    ident("audience", nullable=True),  # the only account that sees it, in a channel
    Column("body", Json, nullable=False),
    # Not unique: a real platform would post twice, and the playground must show it if we did.
    Column("delivery", RowId),
    Column("revision", Integer, nullable=False),
    ident("key", nullable=True),  # a person's own event, or the answer to it: written once
    Column("posted_at", Instant, nullable=False),
    Column("edited_at", Instant),
    UniqueConstraint("workspace", "key"),
    Index(None, "workspace", "place", "id"),
    Index(None, "workspace", "delivery"),
    sqlite_autoincrement=True,
)

playground_clock = Table(
    "playground_clock",
    metadata,
    ident("workspace"),
    Column("now", Instant, nullable=False),
    Column("run_until", Instant),  # set while the clock is being moved, so that a killed run goes on
    PrimaryKeyConstraint("workspace"),
)


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """A message about to be written."""

    workspace: str
    place: str
    message: Message
    at: datetime
    author: str | None = None
    audience: str | None = None
    thread: int | None = None
    delivery: int | None = None
    key: str | None = None


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands. ``replies`` counts the thread under it, as one account sees it."""

    id: int
    workspace: str
    place: str
    message: Message
    posted_at: datetime
    author: str | None = None
    audience: str | None = None
    thread: int | None = None
    delivery: int | None = None
    revision: int = 1
    edited_at: datetime | None = None
    replies: int = 0


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the playground. ``account`` is what they are called at the platform."""

    account: str
    member: str
    name: str
    zone: str
    team: str | None


class Room(msgspec.Struct, frozen=True):
    """A channel."""

    address: str
    name: str
    zone: str


class ClockRow(msgspec.Struct, frozen=True):
    """Where the clock stands, and until when it is being moved."""

    now: datetime
    run_until: datetime | None


def post(conn: Connection, new: Posting) -> Posted:
    """Write a message; with a key that was used before, nothing is written and the message of then is given."""
    row = {
        "workspace": new.workspace,
        "place": new.place,
        "thread": new.thread,
        "author": new.author,
        "audience": new.audience,
        "body": msgspec.to_builtins(new.message),
        "delivery": new.delivery,
        "revision": 1,
        "key": new.key,
        "posted_at": new.at,
    }
    written = conn.execute(
        insert(conn, playground_message).values(row).on_conflict_do_nothing().returning(playground_message.c.id)
    ).scalar()
    known = keyed(conn, new.workspace, new.key or "") if written is None else find(conn, new.workspace, written)
    if known is None:
        raise LookupError("a message that was written can be read")
    return known


def keyed(conn: Connection, workspace_id: str, key: str) -> Posted | None:
    """The message that was written with this key."""
    table = playground_message.c
    mine = select(playground_message).where(table.workspace == workspace_id, table.key == key)
    row = conn.execute(mine).one_or_none()
    return None if row is None else _posted(row)


def replace(conn: Connection, workspace_id: str, id: int, message: Message, at: datetime) -> Posted | None:
    """Put another body in a message's place. None when there is no such message."""
    table = playground_message.c
    values = {"body": msgspec.to_builtins(message), "revision": table.revision + 1, "edited_at": at}
    mine = (table.workspace == workspace_id) & (table.id == id)
    conn.execute(update(playground_message).where(mine).values(**values))
    return find(conn, workspace_id, id)


def delivered(conn: Connection, workspace_id: str, delivery: int) -> int | None:
    """The first message that carries this delivery's marker."""
    table = playground_message.c
    mine = (table.workspace == workspace_id) & (table.delivery == delivery)
    return conn.execute(select(func.min(table.id)).where(mine)).scalar()


def find(conn: Connection, workspace_id: str, id: int, viewer: str | None = None) -> Posted | None:
    """One message; with ``viewer`` only if that account may see it."""
    table = playground_message.c
    statement = select(playground_message).where(table.workspace == workspace_id, table.id == id)
    if viewer is not None:
        statement = statement.where(_seen_by(viewer))
    row = conn.execute(statement).one_or_none()
    return None if row is None else _posted(row)


def conversation(
    conn: Connection, workspace_id: str, viewer: str, place: str, *, thread: int | None, after: int, limit: int
) -> list[Posted]:
    """The newest ``limit`` messages of a place (or of one thread with its root) that ``viewer`` may see, oldest first."""
    table = playground_message.c
    here = (table.workspace == workspace_id) & (table.place == place) & _seen_by(viewer) & (table.id > after)
    here &= table.thread.is_(None) if thread is None else or_(table.thread == thread, table.id == thread)
    newest = conn.execute(select(playground_message).where(here).order_by(table.id.desc()).limit(limit)).all()
    counts = _replies(conn, viewer, [row.id for row in newest])
    return [_posted(row, counts.get(row.id, 0)) for row in reversed(newest)]


def _replies(conn: Connection, viewer: str, roots: list[int]) -> Mapping[int, int]:
    table = playground_message.c
    rows = conn.execute(
        select(table.thread, func.count()).where(table.thread.in_(roots), _seen_by(viewer)).group_by(table.thread)
    )
    return {row[0]: row[1] for row in rows}


def since(conn: Connection, workspace_id: str, after: int) -> list[Posted]:
    """Everything the bot posted after a message, whoever sees it."""
    table = playground_message.c
    rows = conn.execute(
        select(playground_message)
        .where(table.workspace == workspace_id, table.id > after, table.author.is_(None))
        .order_by(table.id)
    )
    return [_posted(row) for row in rows]


def newest(conn: Connection, workspace_id: str, viewer: str) -> dict[str, int]:
    """The id of the newest message of each place that ``viewer`` may see."""
    table = playground_message.c
    mine = (table.workspace == workspace_id) & _seen_by(viewer)
    rows = conn.execute(select(table.place, func.max(table.id)).where(mine).group_by(table.place))
    return {row[0]: row[1] for row in rows}


def _seen_by(viewer: str) -> Any:
    """Their own direct conversation; of channels what is meant for all or for them."""
    table = playground_message.c
    shared = ~table.place.startswith(DIRECT, autoescape=True) & or_(table.audience.is_(None), table.audience == viewer)
    return or_(table.place == DIRECT + viewer, shared)


def _posted(row: Row[Any], replies: int = 0) -> Posted:
    return Posted(
        id=row.id,
        workspace=row.workspace,
        place=row.place,
        message=msgspec.convert(row.body, Message),
        posted_at=row.posted_at,
        author=row.author,
        audience=row.audience,
        thread=row.thread,
        delivery=row.delivery,
        revision=row.revision,
        edited_at=row.edited_at,
        replies=replies,
    )


def residents(conn: Connection, workspace_id: str) -> list[Resident]:
    """Everybody with an account in the workspace, by name."""
    rows = conn.execute(
        select(account.c.external, member.c.id, member.c.name, member.c.zone, member.c.team, workspace.c.zone)
        .join(member, (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member))
        .join(workspace, workspace.c.id == account.c.workspace)
        .where(account.c.workspace == workspace_id, member.c.active)
        .order_by(member.c.name)
    )
    return [
        Resident(account=external, member=id, name=name, zone=zone or fallback, team=team)
        for external, id, name, zone, team, fallback in rows
    ]


def rooms(conn: Connection, workspace_id: str) -> list[Room]:
    rows = conn.execute(select(channel).where(channel.c.workspace == workspace_id).order_by(channel.c.name))
    return [Room(row.address, row.name, row.zone) for row in rows]


def clock(conn: Connection, workspace_id: str) -> ClockRow | None:
    table = playground_clock.c
    row = conn.execute(select(table.now, table.run_until).where(table.workspace == workspace_id)).one_or_none()
    return None if row is None else ClockRow(row.now, row.run_until)


def set_clock(conn: Connection, workspace_id: str, now: datetime, run_until: datetime | None) -> None:
    """Keep where the clock stands; it never goes back."""
    row = {"workspace": workspace_id, "now": now, "run_until": run_until}
    later = playground_clock.c.now <= now
    conn.execute(
        insert(conn, playground_clock)
        .values(row)
        .on_conflict_do_update(index_elements=["workspace"], set_={"now": now, "run_until": run_until}, where=later)
    )
