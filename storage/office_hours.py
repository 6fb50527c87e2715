"""Windows and bookings. A claim makes its host and its asker take turns, checks, then inserts under unique keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.domain.office_hours import NEARBY, Booking, Hold, Outcome, Person, Slot, Window, free_seat, judge
from storage.dialects import insert
from storage.people import account, member, workspace
from storage.schema import Day, Instant, ident, metadata, words

# Every state but this one holds its seat. A literal in SQL, so that the partial indexes are used.
_HOLDING = "state <> 'cancelled'"

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


class _Seen:
    """A person joined to a row: name, region, and the zone in force (member, else workspace, else UTC)."""

    def __init__(self, role: str) -> None:
        self.member = member.alias(role)
        self._account = account.alias(f"{role}_account")
        self._workspace = workspace.alias(f"{role}_workspace")
        self._role = role
        zone = func.coalesce(self.member.c.zone, self._workspace.c.zone, "UTC")
        self.columns = (
            self.member.c.id.label(f"{role}_id"),
            self.member.c.name.label(f"{role}_name"),
            zone.label(f"{role}_zone"),
            self.member.c.region.label(f"{role}_region"),
        )

    def joined(self, query: Select[Any], tenant: Column[str], id: Column[str]) -> Select[Any]:
        preferred = (self._account.c.tenant == self.member.c.tenant) & (self._account.c.id == self.member.c.account)
        return (
            query.join(self.member, (self.member.c.tenant == tenant) & (self.member.c.id == id))
            .outerjoin(self._account, preferred)
            .outerjoin(self._workspace, self._workspace.c.id == self._account.c.workspace)
        )

    def read(self, row: Row[Any]) -> Person:
        return Person(*(row._mapping[f"{self._role}_{name}"] for name in ("id", "name", "zone", "region")))


_HOST, _ASKER = _Seen("host"), _Seen("asker")

# Statements are made once: making them costs ten times what running them does.
_HELD = booking.c.state != literal_column("'cancelled'")
_MINE = booking.c.tenant == bindparam("tenant")
_PEOPLE: BindParameter[list[str]] = bindparam("people", expanding=True)
_WINDOWS = (
    _HOST.joined(select(office_window, *_HOST.columns), office_window.c.tenant, office_window.c.host)
    .where(
        office_window.c.tenant == bindparam("tenant"),
        office_window.c.closed_at.is_(None),
        office_window.c.effect == "open",
        _HOST.member.c.active,
    )
    .order_by(office_window.c.created_at, office_window.c.id)
)
_IS_OPEN = select(office_window.c.id).where(
    office_window.c.tenant == bindparam("tenant"),
    office_window.c.id == bindparam("id"),
    office_window.c.closed_at.is_(None),
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
_HOLDS = select(booking).where(
    _MINE,
    or_(booking.c.host.in_(_PEOPLE), booking.c.member.in_(_PEOPLE)),
    booking.c.starts_at.between(bindparam("first"), bindparam("last")),
    _HELD,
)
_AHEAD = select(booking.c.starts_at, booking.c.ends_at).where(
    _MINE, booking.c.member == bindparam("asker"), booking.c.ends_at > bindparam("now"), _HELD
)
_ONE_MORE = {"turns": office_turn.c.turns + 1}
_TAKE_TURN = (
    update(office_turn)
    .where(office_turn.c.tenant == bindparam("of_tenant"), office_turn.c.member == bindparam("person"))
    .values(_ONE_MORE)
)
_WAS_BOOKED = (
    update(office_turn)
    .where(office_turn.c.tenant == bindparam("of_tenant"), office_turn.c.member == bindparam("host"))
    .values(last_booked_at=bindparam("now"))
)


class OfficeHours:
    """Implements ``bot.ports.office_hours.OfficeHours``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def windows(self, host: str | None = None) -> Sequence[Window]:
        return self._windows(_WINDOWS if host is None else _WINDOWS.where(office_window.c.host == host))

    def window(self, id: str) -> Window | None:
        return next(iter(self._windows(_WINDOWS.where(office_window.c.id == id))), None)

    def _windows(self, query: Select[Any]) -> list[Window]:
        return [_window(row, _HOST.read(row)) for row in self._conn.execute(query, {"tenant": self._tenant})]

    def add_window(self, window: Window, now: datetime) -> None:
        names = set(Window.__struct_fields__) - {"host", "start", "end"}
        values = {name: getattr(window, name) for name in names}
        minutes = {"start_minute": window.start, "end_minute": window.end}
        row = {**values, **minutes, "tenant": self._tenant, "host": window.host.id, "effect": "open", "created_at": now}
        self._conn.execute(office_window.insert().values(row))

    def close_window(self, id: str, host: str, now: datetime) -> bool:
        self._take_turns(host)
        mine = (office_window.c.tenant == self._tenant) & (office_window.c.id == id) & (office_window.c.host == host)
        still_open = office_window.c.closed_at.is_(None)
        return self._conn.execute(update(office_window).where(mine, still_open).values(closed_at=now)).rowcount == 1

    def holds(self, people: Collection[str], start: datetime, end: datetime) -> Sequence[Hold]:
        values = {"tenant": self._tenant, "people": list(people), "first": start, "last": end}
        return [_hold(row) for row in self._conn.execute(_HOLDS, values)]

    def last_booked(self, hosts: Collection[str]) -> Mapping[str, datetime]:
        mine = (office_turn.c.tenant == self._tenant) & office_turn.c.member.in_(hosts)
        rows = self._conn.execute(
            select(office_turn.c.member, office_turn.c.last_booked_at).where(
                mine, office_turn.c.last_booked_at.is_not(None)
            )
        )
        return {row.member: row.last_booked_at for row in rows}

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
        if self._conn.execute(_IS_OPEN, {"tenant": self._tenant, "id": slot.window.id}).first() is None:
            return Outcome.TAKEN, None
        holds = self.holds({slot.window.host.id, asker}, slot.start - NEARBY, slot.end + NEARBY)
        verdict = judge(slot, asker, holds, self._minutes_ahead(asker, now), now, most_minutes)
        return verdict, free_seat(slot, holds)

    def _take_turns(self, *people: str) -> None:
        """Update a row of each person, in one order everywhere: on both databases the next one waits for our commit.

        What is read afterwards is what the one before has committed (PostgreSQL at its default, read committed).
        """
        for person in sorted(people):
            row = {"tenant": self._tenant, "member": person, "turns": 1}
            if self._conn.execute(_TAKE_TURN, {"of_tenant": self._tenant, "person": person}).rowcount == 0:
                statement = insert(self._conn, office_turn).values(row)
                self._conn.execute(statement.on_conflict_do_update(index_elements=["tenant", "member"], set_=_ONE_MORE))

    def _minutes_ahead(self, asker: str, now: datetime) -> int:
        spans = self._conn.execute(_AHEAD, {"tenant": self._tenant, "asker": asker, "now": now})
        return sum((row.ends_at - row.starts_at) // timedelta(minutes=1) for row in spans)

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
        if self._conn.execute(insert(self._conn, booking).on_conflict_do_nothing(), row).rowcount == 0:
            return Outcome.TAKEN
        self._conn.execute(_WAS_BOOKED, {"of_tenant": self._tenant, "host": host, "now": now})
        return Outcome.BOOKED

    def cancel(self, id: str, by: str, now: datetime) -> bool:
        mine = (booking.c.tenant == self._tenant) & (booking.c.id == id) & (booking.c.state == "booked")
        values = {"state": "cancelled", "sequence": booking.c.sequence + 1, "cancelled_by": by, "changed_at": now}
        return self._conn.execute(update(booking).where(mine).values(**values)).rowcount == 1

    def booking(self, id: str) -> Booking | None:
        return self.bookings([id]).get(id)

    def bookings(self, ids: Collection[str]) -> Mapping[str, Booking]:
        return {one.id: one for one in self._bookings(booking.c.id.in_(ids))}

    def sessions(self, slots: Collection[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], Sequence[Booking]]:
        hosts, starts = {host for host, _ in slots}, {start for _, start in slots}
        found: dict[tuple[str, datetime], list[Booking]] = {slot: [] for slot in slots}
        for one in self._bookings(booking.c.host.in_(hosts), booking.c.starts_at.in_(starts), _HELD):
            if (one.host.id, one.start) in found:
                found[one.host.id, one.start].append(one)
        return found

    def ahead(self, member_id: str, now: datetime) -> Sequence[Booking]:
        mine = or_(booking.c.host == member_id, booking.c.member == member_id)
        return self._bookings(mine, booking.c.ends_at > now, _HELD)

    def count(self, member_id: str) -> int:
        mine = (booking.c.tenant == self._tenant) & (booking.c.member == member_id)
        return int(self._conn.execute(select(func.count()).select_from(booking).where(mine)).scalar_one())

    def _bookings(self, *conditions: Any) -> list[Booking]:
        rows = self._conn.execute(_BOOKINGS.where(*conditions), {"tenant": self._tenant})
        return [_booking(row, _HOST.read(row), _ASKER.read(row)) for row in rows]


def _window(row: Row[Any], host: Person) -> Window:
    names = set(Window.__struct_fields__) - {"host", "start", "end"}
    values = {name: getattr(row, name) for name in names}
    return Window(host=host, start=row.start_minute, end=row.end_minute, **values)


def _hold(row: Row[Any]) -> Hold:
    buffer = timedelta(minutes=row.buffer_minutes)
    return Hold(row.host, row.member, row.office_window, row.starts_at, row.ends_at, row.day, row.seat, buffer)


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
