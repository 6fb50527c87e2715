"""Which tracks members take, and took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Table,
    bindparam,
    delete,
    func,
    select,
)

from bot.domain.tracks import Enrolment
from storage.dialects import as_listed, insert_for, is_listed
from storage.schema import Instant, ident, metadata

enrolment = Table(
    "enrolment",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("track"),
    Column("place", Integer, nullable=False),  # in the order they were begun
    Column("total", Integer, nullable=False),  # lessons when it was begun
    Column("turn_at", Instant),
    Column("given", Boolean, nullable=False),  # by a rule or a list, and not chosen since
    PrimaryKeyConstraint("tenant", "member", "track"),
)

# Every track somebody was ever in. The key decides that no rule puts anybody into a track twice.
begun_track = Table(
    "begun_track",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("track"),  # or STOPPED
    PrimaryKeyConstraint("tenant", "member", "track"),
)
STOPPED = ""  # instead of a track: they stopped their lessons, and have not started again


_OF_MEMBERS = (
    select(enrolment)
    .where(enrolment.c.tenant == bindparam("of_tenant"), enrolment.c.member.in_(bindparam("members", expanding=True)))
    .order_by(enrolment.c.place, enrolment.c.track)
)

# Made once, for making a statement takes five times as long as running it.
_MINE = (enrolment.c.tenant == bindparam("of_tenant"), enrolment.c.member == bindparam("of_member"))
_BEGUN = (begun_track.c.tenant == bindparam("of_tenant"), begun_track.c.member == bindparam("of_member"))
_OTHERS = delete(enrolment).where(*_MINE, enrolment.c.track.not_in(bindparam("kept", expanding=True)))
_ALL = delete(enrolment).where(*_MINE)
_RESTARTED = delete(begun_track).where(*_BEGUN, begun_track.c.track == STOPPED)


@lru_cache
def _add(dialect: str) -> Any:
    added = insert_for(dialect, enrolment)
    again = {"place": added.excluded.place, "given": added.excluded.given}
    return added.on_conflict_do_update(index_elements=["tenant", "member", "track"], set_=again)


@lru_cache
def _begin(dialect: str) -> Any:
    return insert_for(dialect, begun_track).on_conflict_do_nothing()


@lru_cache
def _begin_new(dialect: str) -> Any:
    return _begin(dialect).returning(begun_track.c.member, begun_track.c.track)


@lru_cache
def _stopped(dialect: str) -> Any:
    theirs = is_listed(dialect, begun_track.c.member)
    mine = (begun_track.c.tenant == bindparam("of_tenant")) & (begun_track.c.track == STOPPED)
    return select(begun_track.c.member).where(mine, theirs)


@lru_cache
def _last_places(dialect: str) -> Any:
    theirs = is_listed(dialect, enrolment.c.member)
    last = select(enrolment.c.member, func.max(enrolment.c.place).label("place"))
    return last.where(enrolment.c.tenant == bindparam("of_tenant"), theirs).group_by(enrolment.c.member)


class Tracks:
    """The tracks of members, as the lessons keep them."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def of(self, members: Collection[str]) -> Mapping[str, Sequence[Enrolment]]:
        about = {"of_tenant": self._tenant, "members": list(members)}
        found: defaultdict[str, list[Enrolment]] = defaultdict(list)
        for row in self._conn.execute(_OF_MEMBERS, about):
            found[row.member].append(Enrolment(row.track, row.total, row.turn_at, row.given))
        return found

    def save(self, member_id: str, tracks: Sequence[Enrolment]) -> None:
        """What a member takes. A track they were in before keeps what it had at the beginning and its turn."""
        mine = self._about(member_id)
        self._conn.execute(_OTHERS, {**mine, "kept": [one.track for one in tracks]})
        self.add_all([(member_id, one, place) for place, one in enumerate(tracks)])
        for one in tracks:
            self.begin(member_id, one.track)
        self._conn.execute(_RESTARTED, mine)

    def add_all(self, added: Sequence[tuple[str, Enrolment, int]]) -> None:
        """Each is a member, their track, and its place among theirs."""
        rows = [
            {"tenant": self._tenant, "member": member, "place": place, **msgspec.structs.asdict(one)}
            for member, one, place in added
        ]
        if rows:
            self._conn.execute(_add(self._conn.dialect.name), rows)

    def begin(self, member_id: str, track: str) -> bool:
        """Remember that a member was in a track; False when that was known."""
        row = {"tenant": self._tenant, "member": member_id, "track": track}
        return self._conn.execute(_begin(self._conn.dialect.name), row).rowcount == 1

    def stop(self, member_id: str) -> None:
        self._conn.execute(_ALL, self._about(member_id))
        self.begin(member_id, STOPPED)

    def stopped(self, members: Collection[str]) -> set[str]:
        """Who of these has stopped their lessons."""
        return set(self._conn.execute(_stopped(self._conn.dialect.name), self._of(members)).scalars())

    def begin_all(self, begun: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """The same as :meth:`begin` for many (member, track); returns those that were not known."""
        if not begun:
            return set()
        rows = [{"tenant": self._tenant, "member": member, "track": track} for member, track in begun]
        return {(row.member, row.track) for row in self._conn.execute(_begin_new(self._conn.dialect.name), rows)}

    def next_places(self, members: Collection[str]) -> dict[str, int]:
        """The place after the last track of those who have one."""
        rows = self._conn.execute(_last_places(self._conn.dialect.name), self._of(members))
        return {row.member: row.place + 1 for row in rows}

    def _of(self, members: Collection[str]) -> dict[str, Any]:
        return {"of_tenant": self._tenant, "listed": as_listed(self._conn.dialect.name, members)}

    def _about(self, member_id: str) -> dict[str, Any]:
        return {"of_tenant": self._tenant, "of_member": member_id}
