"""Windows and bookings. A claim makes its host and its asker take turns, checks, then inserts under unique keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    CursorResult,
    Executable,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    null,
    select,
    text,
    union,
    union_all,
    update,
)

from bot.domain.office_hours import NEARBY, Booking, Hold, Outcome, Person, Slot, Window, free_seat, judge
from storage.dialects import insert_for
from storage.schema import Day, Instant, ident, metadata, words
from storage.seen import Seen

# Every state but this one holds its seat. A literal in SQL, so that the partial indexes are used.
_HOLDING = "state <> 'cancelled'"
_FAR = timedelta(days=36_500)  # nothing is booked so far ahead

office_window = Table(
    "office_window",
    metadata,
    ident("tenant"),
    ident("id"),
    ident("host"),
    ident("zone"),
    ident("effect"),  # open; an override of other windows will be "closed"
    words("rule"),  # an RRULE over local dates; a single date is FREQ=DAILY;COUNT=1 from first_day
    Column("first_day", Day, nullable=False),
    Column("last_day", Day),
    Column("start_minute", Integer, nullable=False),
    Column("end_minute", Integer, nullable=False),
    Column("slot_minutes", Integer, nullable=False),
    Column("buffer_minutes", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("notice_hours", Integer, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("day_minutes", Integer, nullable=False),
    words("topics"),
    words("place"),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    PrimaryKeyConstraint("tenant", "id"),
    Index(None, "tenant", "host"),
)

office_turn = Table(
    "office_turn",
    metadata,
    ident("tenant"),
    ident("member"),
    Column("turns", Integer, nullable=False),  # its update is the lock: claims that share a person come one by one
    Column("last_booked_at", Instant),  # as a host
    PrimaryKeyConstraint("tenant", "member"),
)

booking = Table(
    "booking",
    metadata,
    ident("tenant"),
    ident("id"),
    ident("office_window"),
    ident("host"),
    ident("member"),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("day", Day, nullable=False),  # the host's local date
    Column("seat", Integer, nullable=False),
    Column("buffer_minutes", Integer, nullable=False),
    words("question"),
    words("place"),
    ident("state"),  # booked | cancelled
    Column("sequence", Integer, nullable=False),
    ident("cancelled_by", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    Index(
        "uq_booking_seat",
        *("tenant", "host", "starts_at", "seat"),
        unique=True,
        sqlite_where=text(_HOLDING),
        postgresql_where=text(_HOLDING),
    ),
    Index(
        "uq_booking_member",
        *("tenant", "host", "starts_at", "member"),
        unique=True,
        sqlite_where=text(_HOLDING),
        postgresql_where=text(_HOLDING),
    ),
    Index(None, "tenant", "member", "starts_at"),
)


_HOST, _ASKER = Seen("host"), Seen("asker")


def _many(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)


# Statements are made once: making them costs ten times what running them does.
_HELD = booking.c.state != literal_column("'cancelled'")
_MINE = booking.c.tenant == bindparam("of_tenant")
_WINDOWS = (
    _HOST.joined(select(office_window, *_HOST.columns), office_window.c.tenant, office_window.c.host)
    .where(
        office_window.c.tenant == bindparam("of_tenant"),
        office_window.c.closed_at.is_(None),
        office_window.c.effect == "open",
        _HOST.member.c.active,
    )
    .order_by(office_window.c.created_at, office_window.c.id)
)
_WINDOWS_OF = _WINDOWS.where(office_window.c.host == bindparam("host"))
_WINDOW = _WINDOWS.where(office_window.c.id == bindparam("window"))
_ADD_WINDOW = office_window.insert()
_IS_OPEN = (
    office_window.c.tenant == bindparam("of_tenant"),
    office_window.c.id == bindparam("window"),
    office_window.c.closed_at.is_(None),
)
_CLOSE = (
    update(office_window).where(*_IS_OPEN, office_window.c.host == bindparam("by")).values(closed_at=bindparam("now"))
)

_BOOKINGS = (
    _ASKER.joined(
        _HOST.joined(select(booking, *_HOST.columns, *_ASKER.columns), booking.c.tenant, booking.c.host),
        booking.c.tenant,
        booking.c.member,
    )
    .where(_MINE)
    .order_by(booking.c.starts_at, booking.c.host, booking.c.seat)
)
_WITH_IDS = _BOOKINGS.where(booking.c.id.in_(_many("ids")))
_SESSIONS = _BOOKINGS.where(booking.c.host.in_(_many("hosts")), booking.c.starts_at.in_(_many("starts")), _HELD)
_COUNT = select(func.count()).select_from(booking).where(_MINE, booking.c.member == bindparam("person"))
_CANCEL = (
    update(booking)
    .where(_MINE, booking.c.id == bindparam("booking"), booking.c.state == "booked")
    .values(
        state="cancelled", sequence=booking.c.sequence + 1, cancelled_by=bindparam("by"), changed_at=bindparam("now")
    )
)

_HOLD = [  # in the order of a Hold's fields
    *(booking.c.host, booking.c.member, booking.c.office_window, booking.c.starts_at, booking.c.ends_at),
    *(booking.c.day, booking.c.seat, booking.c.buffer_minutes),
]
# Always a stretch with two ends: of a half-open one PostgreSQL expects so many rows that it plans each time anew.
_NEAR = booking.c.starts_at.between(bindparam("first"), bindparam("last"))
_SINCE = booking.c.starts_at.between(bindparam("since"), bindparam("until"))
_HOSTED_BY, _ASKED_BY = booking.c.host.in_(_many("people")), booking.c.member.in_(_many("people"))
# Unions, not OR: each part goes by an index of its own on both databases, however many bookings a company has.
_HOLDS: Executable = union(
    select(*_HOLD).where(_MINE, _HOSTED_BY, _NEAR, _HELD), select(*_HOLD).where(_MINE, _ASKED_BY, _NEAR, _HELD)
)
# All that a claim is judged by: what host and asker hold near the slot, what the asker has ahead, and a row of nothing
# while the window is open. What is in two parts comes twice.
_CLAIMED: Executable = union_all(
    select(*_HOLD).where(_MINE, booking.c.host.in_([bindparam("host"), bindparam("asker")]), _NEAR, _HELD),
    select(*_HOLD).where(_MINE, booking.c.member == bindparam("host"), _NEAR, _HELD),
    select(*_HOLD).where(_MINE, booking.c.member == bindparam("asker"), _SINCE, _HELD),
    select(*(null() for _ in _HOLD)).where(*_IS_OPEN),
)
_IS_AHEAD = (_MINE, _SINCE, booking.c.ends_at > bindparam("now"), _HELD)
_AHEAD = _BOOKINGS.where(
    booking.c.id.in_(
        union_all(
            select(booking.c.id).where(booking.c.host == bindparam("person"), *_IS_AHEAD),
            select(booking.c.id).where(booking.c.member == bindparam("person"), *_IS_AHEAD),
        )
    )
)

_LAST_BOOKED = select(office_turn.c.member, office_turn.c.last_booked_at).where(
    office_turn.c.tenant == bindparam("of_tenant"),
    office_turn.c.member.in_(_many("hosts")),
    office_turn.c.last_booked_at.is_not(None),
)
_WAS_BOOKED = (
    update(office_turn)
    .where(office_turn.c.tenant == bindparam("of_tenant"), office_turn.c.member == bindparam("host"))
    .values(last_booked_at=bindparam("now"))
)


@lru_cache
def _take_turn(dialect: str) -> Any:
    first = insert_for(dialect, office_turn).values(
        {"tenant": bindparam("tenant"), "member": bindparam("member"), "turns": 1}
    )
    return first.on_conflict_do_update(index_elements=["tenant", "member"], set_={"turns": office_turn.c.turns + 1})


@lru_cache
def _book(dialect: str) -> Any:
    return insert_for(dialect, booking).on_conflict_do_nothing()


class OfficeHours:
    """Implements ``bot.ports.office_hours.OfficeHours``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def windows(self, host: str | None = None) -> Sequence[Window]:
        return self._windows(_WINDOWS) if host is None else self._windows(_WINDOWS_OF, host=host)

    def window(self, id: str) -> Window | None:
        return next(iter(self._windows(_WINDOW, window=id)), None)

    def _windows(self, query: Select[Any], **values: Any) -> list[Window]:
        return [_window(row, _HOST.read(row)) for row in self._run(query, **values)]

    def add_window(self, window: Window, now: datetime) -> None:
        names = set(Window.__struct_fields__) - {"host", "start", "end"}
        values = {name: getattr(window, name) for name in names}
        minutes = {"start_minute": window.start, "end_minute": window.end}
        row = {**values, **minutes, "tenant": self._tenant, "host": window.host.id, "effect": "open", "created_at": now}
        self._conn.execute(_ADD_WINDOW, row)

    def close_window(self, id: str, host: str, now: datetime) -> bool:
        self._take_turns(host)
        return self._run(_CLOSE, window=id, by=host, now=now).rowcount == 1

    def holds(self, people: Collection[str], start: datetime, end: datetime) -> Sequence[Hold]:
        return [_hold(row) for row in self._run(_HOLDS, people=list(people), first=start, last=end)]

    def last_booked(self, hosts: Collection[str]) -> Mapping[str, datetime]:
        return {row.member: row.last_booked_at for row in self._run(_LAST_BOOKED, hosts=list(hosts))}

    def claim(self, id: str, slot: Slot, asker: str, question: str, now: datetime, *, most_minutes: int) -> Outcome:
        # A look without the lock first: what is refused now is refused rightly, and those many never wait for each other.
        verdict, _ = self._judged(slot, asker, now, most_minutes)
        if verdict is Outcome.BOOKED:
            self._take_turns(slot.window.host.id, asker)
            verdict, seat = self._judged(slot, asker, now, most_minutes)
            if verdict is Outcome.BOOKED:
                return self._insert(id, slot, asker, seat, question, now)
        return verdict

    def _judged(self, slot: Slot, asker: str, now: datetime, most_minutes: int) -> tuple[Outcome, int | None]:
        """The rules over what is stored at this moment, and the seat to take."""
        people = {"host": slot.window.host.id, "asker": asker}
        near = {"first": slot.start - NEARBY, "last": slot.end + NEARBY}
        found = self._run(_CLAIMED, window=slot.window.id, **people, **near, **_since(now)).all()
        holds = [_hold(row) for row in found if row[0] is not None]
        if len(holds) == len(found):
            return Outcome.TAKEN, None  # the window is closed
        ahead = {hold for hold in holds if hold.asker == asker and hold.end > now}
        minutes = sum((hold.end - hold.start) // timedelta(minutes=1) for hold in ahead)
        return judge(slot, asker, holds, minutes, now, most_minutes), free_seat(slot, holds)

    def _take_turns(self, *people: str) -> None:
        """Update a row of each person, in one order everywhere: on both databases the next one waits for our commit.

        What is read afterwards is what the one before has committed (PostgreSQL at its default, read committed).
        """
        rows = [{"tenant": self._tenant, "member": person} for person in sorted(people)]
        self._conn.execute(_take_turn(self._conn.dialect.name), rows)

    def _insert(self, id: str, slot: Slot, asker: str, seat: int | None, question: str, now: datetime) -> Outcome:
        """The unique keys have the last word, whatever was checked before."""
        host = slot.window.host.id
        row = {
            "tenant": self._tenant,
            "id": id,
            "office_window": slot.window.id,
            "host": host,
            "member": asker,
            "starts_at": slot.start,
            "ends_at": slot.end,
            "day": slot.day,
            "seat": seat,
            "buffer_minutes": slot.window.buffer_minutes,
            "question": question,
            "place": slot.window.place,
            "state": "booked",
            "sequence": 0,
            "created_at": now,
            "changed_at": now,
        }
        if self._conn.execute(_book(self._conn.dialect.name), row).rowcount == 0:
            return Outcome.TAKEN
        self._run(_WAS_BOOKED, host=host, now=now)
        return Outcome.BOOKED

    def cancel(self, id: str, by: str, now: datetime) -> bool:
        return self._run(_CANCEL, booking=id, by=by, now=now).rowcount == 1

    def booking(self, id: str) -> Booking | None:
        return self.bookings([id]).get(id)

    def bookings(self, ids: Collection[str]) -> Mapping[str, Booking]:
        return {one.id: one for one in self._bookings(_WITH_IDS, ids=list(ids))}

    def sessions(self, slots: Collection[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], Sequence[Booking]]:
        hosts, starts = {host for host, _ in slots}, {start for _, start in slots}
        found: dict[tuple[str, datetime], list[Booking]] = {slot: [] for slot in slots}
        for one in self._bookings(_SESSIONS, hosts=list(hosts), starts=list(starts)):
            if (one.host.id, one.start) in found:
                found[one.host.id, one.start].append(one)
        return found

    def ahead(self, member_id: str, now: datetime) -> Sequence[Booking]:
        return self._bookings(_AHEAD, person=member_id, now=now, **_since(now))

    def count(self, member_id: str) -> int:
        return int(self._run(_COUNT, person=member_id).scalar_one())

    def _bookings(self, query: Select[Any], **values: Any) -> list[Booking]:
        return [_booking(row, _HOST.read(row), _ASKER.read(row)) for row in self._run(query, **values)]

    def _run(self, statement: Executable, **values: Any) -> CursorResult[Any]:
        return self._conn.execute(statement, {"of_tenant": self._tenant, **values})


def _since(now: datetime) -> dict[str, datetime]:
    """Where to look for what has not ended: no session is as long as NEARBY."""
    return {"since": now - NEARBY, "until": now + _FAR}


def _window(row: Row[Any], host: Person) -> Window:
    names = set(Window.__struct_fields__) - {"host", "start", "end"}
    values = {name: getattr(row, name) for name in names}
    return Window(host=host, start=row.start_minute, end=row.end_minute, **values)


def _hold(row: Sequence[Any]) -> Hold:
    host, asker, window, start, end, day, seat, buffer_minutes = row
    return Hold(host, asker, window, start, end, day, seat, timedelta(minutes=buffer_minutes))


def _booking(row: Row[Any], host: Person, asker: Person) -> Booking:
    return Booking(
        id=row.id,
        window=row.office_window,
        host=host,
        asker=asker,
        start=row.starts_at,
        end=row.ends_at,
        seat=row.seat,
        question=row.question,
        place=row.place,
        state=row.state,
        sequence=row.sequence,
        changed_at=row.changed_at,
        cancelled_by=row.cancelled_by,
    )
