"""Which tracks members take, and took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

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
from storage.dialects import insert_for
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
_STOPPED = select(begun_track.c.track).where(*_BEGUN, begun_track.c.track == STOPPED)
_LAST_PLACE = select(func.max(enrolment.c.place)).where(*_MINE)


@lru_cache
def _add(dialect: str) -> Any:
    added = insert_for(dialect, enrolment)
    again = {"place": added.excluded.place, "given": added.excluded.given}
    return added.on_conflict_do_update(index_elements=["tenant", "member", "track"], set_=again)


@lru_cache
def _begin(dialect: str) -> Any:
    return insert_for(dialect, begun_track).on_conflict_do_nothing()


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
        for place, one in enumerate(tracks):
            self.add(member_id, one, place)
            self.begin(member_id, one.track)
        self._conn.execute(_RESTARTED, mine)

    def add(self, member_id: str, one: Enrolment, place: int) -> None:
        key = {"tenant": self._tenant, "member": member_id, "track": one.track}
        values = {"place": place, "total": one.total, "turn_at": one.turn_at, "given": one.given}
        self._conn.execute(_add(self._conn.dialect.name), {**key, **values})

    def begin(self, member_id: str, track: str) -> bool:
        """Remember that a member was in a track; False when that was known."""
        row = {"tenant": self._tenant, "member": member_id, "track": track}
        return self._conn.execute(_begin(self._conn.dialect.name), row).rowcount == 1

    def stop(self, member_id: str) -> None:
        self._conn.execute(_ALL, self._about(member_id))
        self.begin(member_id, STOPPED)

    def has_stopped(self, member_id: str) -> bool:
        return self._conn.execute(_STOPPED, self._about(member_id)).first() is not None

    def next_place(self, member_id: str) -> int:
        place: int | None = self._conn.execute(_LAST_PLACE, self._about(member_id)).scalar()
        return 0 if place is None else place + 1

    def _about(self, member_id: str) -> dict[str, Any]:
        return {"of_tenant": self._tenant, "of_member": member_id}
