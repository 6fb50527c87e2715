"""Office hours: the windows a host opens, the slots these make, and who may book or cancel which.

A slot is (host, UTC start). Its start is a wall-clock time in the window's zone; see ``bot.domain.calendar`` for clock changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import msgspec
from dateutil.rrule import rrulestr

from bot.domain.calendar import DAY, instant, local_date, zone_named

SLOT_LENGTHS = (15, 20, 30, 45, 60)  # minutes
CAPACITY_LIMIT = 50
QUESTION_LENGTH = (10, 500)  # characters, both included
REMINDERS = (timedelta(hours=24), timedelta(minutes=10))  # before the start
_NOTHING = timedelta()
NEARBY = timedelta(days=2)  # bookings within it can touch a slot, or count for its host's day
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SLOT_ID = re.compile(r"(?P<window>[^.]+)\.(?P<start>[0-9]{1,11})")


class Outcome(StrEnum):
    """What became of a wish to book."""

    BOOKED = "booked"
    TAKEN = "taken"  # no place left, the host is busy then, or has given their minutes of that day
    OVERLAPPING = "overlapping"  # the asker is busy then
    OWN_SLOT = "own_slot"
    TOO_LATE = "too_late"
    TOO_MANY = "too_many"  # the asker holds as many minutes as one person may


class Person(msgspec.Struct, frozen=True):
    """A host or an asker as others see them; ``zone`` is the one in force."""

    id: str
    name: str
    zone: str = "UTC"
    region: str | None = None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """When a host is available. ``rule`` is an RRULE over local dates; ``start`` and ``end`` are minutes after midnight."""

    id: str
    host: Person
    zone: str
    rule: str
    first_day: date
    start: int
    end: int
    last_day: date | None = None
    slot_minutes: int = 30
    buffer_minutes: int = 0  # between two slots, and between bookings of overlapping windows
    capacity: int = 1
    notice_hours: int = 2
    horizon_days: int = 28
    day_minutes: int = 120  # most minutes of slots booked on one local date of the host
    topics: str = ""
    place: str = ""

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.slot_minutes)

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)


class Slot(msgspec.Struct, frozen=True):
    """One bookable stretch of time; ``day`` is the host's local date."""

    window: Window
    start: datetime
    day: date

    @property
    def end(self) -> datetime:
        return self.start + self.window.length

    @property
    def id(self) -> str:
        """What a button carries; whoever gets it back looks the slot up again."""
        return f"{self.window.id}.{int(self.start.timestamp())}"


class Hold(msgspec.Struct, frozen=True):
    """A seat that is held, as far as other bookings care."""

    host: str
    asker: str
    window: str
    start: datetime
    end: datetime
    day: date
    seat: int
    buffer: timedelta


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One person's place in one slot. ``sequence`` counts its revisions, as calendars do."""

    id: str
    window: str
    host: Person
    asker: Person
    start: datetime
    end: datetime
    seat: int
    question: str
    place: str
    state: str  # booked | cancelled
    sequence: int
    changed_at: datetime
    cancelled_by: str | None = None

    @property
    def is_on(self) -> bool:
        return self.state == "booked"


class Offer(msgspec.Struct, frozen=True):
    """An open slot, and how many places are left in it."""

    slot: Slot
    left: int


def weekly(days: Collection[int]) -> str:
    """The RRULE of weekdays, Monday being 0."""
    return "FREQ=WEEKLY;BYDAY=" + ",".join(_DAYS[day] for day in sorted(set(days)))


def weekdays(rule: str) -> list[int]:
    """The weekdays of a rule made by :func:`weekly`."""
    return [_DAYS.index(name) for name in rule.partition("BYDAY=")[2].split(",") if name in _DAYS]


def open_days(window: Window, first: date, last: date) -> list[date]:
    """The local dates of a window from ``first`` to ``last``, both included."""
    last = min(last, window.last_day or last)
    rule = rrulestr(window.rule, dtstart=_midnight(window.first_day))
    return [found.date() for found in rule.between(_midnight(first), _midnight(last), inc=True)]


def _midnight(day: date) -> datetime:
    """Naive on purpose: rules speak of dates; an instant is made of a date and a minute by ``calendar.instant`` only."""
    return datetime.combine(day, time())


def slots_on(window: Window, day: date) -> list[Slot]:
    """The slots of one local date, in order; none overlaps another or lies outside the window's wall-clock times.

    In a gap several wall times are one instant, and a whole date may be missing: only the first of each survives.
    """
    found: list[Slot] = []
    step = window.slot_minutes + window.buffer_minutes
    starts = {instant(window.zone, day, minute) for minute in range(window.start, window.end, step)}
    for start in sorted(starts):
        slot = Slot(window, start, day)
        is_apart = not found or start >= found[-1].end + window.buffer
        if is_apart and _is_inside(slot):
            found.append(slot)
    return found


def _is_inside(slot: Slot) -> bool:
    """Whether it ends by the closing time, on the wall clock and as an instant: in a gap or a fold the two differ."""
    zone, closing = slot.window.zone, slot.window.end
    wall = slot.end.astimezone(zone_named(zone))
    is_early = (wall.date(), wall.hour * 60 + wall.minute) <= (slot.day, closing)
    return is_early and slot.end <= instant(zone, slot.day, closing) and local_date(zone, slot.start) == slot.day


def slots(window: Window, after: datetime, until: datetime, days_off: Collection[date] = frozenset()) -> list[Slot]:
    """The slots that start from ``after`` to ``until``, both included."""
    first, last = local_date(window.zone, after) - DAY, local_date(window.zone, until) + DAY
    days = (day for day in open_days(window, first, last) if day not in days_off)
    return [slot for day in days for slot in slots_on(window, day) if after <= slot.start <= until]


def read_slot_id(text: str) -> tuple[str, datetime] | None:
    """The window's id and the start, or nothing for anything that is no slot id."""
    match = _SLOT_ID.fullmatch(text)
    return (match["window"], datetime.fromtimestamp(int(match["start"]), UTC)) if match else None


def slot_at(window: Window, start: datetime, now: datetime, days_off: Collection[date] = frozenset()) -> Slot | None:
    """The window's slot at ``start`` if it is ahead and within the horizon. Notice is for :func:`judge`."""
    if not now <= start <= now + timedelta(days=window.horizon_days):
        return None
    return next(iter(slots(window, start, start, days_off)), None)


def free_seat(slot: Slot, holds: Iterable[Hold]) -> int | None:
    """The lowest seat nobody holds."""
    taken = {hold.seat for hold in holds if _is_same_session(slot, hold)}
    return next((seat for seat in range(1, slot.window.capacity + 1) if seat not in taken), None)


def judge(
    slot: Slot, asker: str, holds: Sequence[Hold], upcoming_minutes: int, now: datetime, most_minutes: int
) -> Outcome:
    """Whether ``asker`` may have a place in ``slot``, given every hold of host and asker near it.

    ``upcoming_minutes`` is what the asker holds already from now on; ``most_minutes`` what one person may hold.
    """
    if asker == slot.window.host.id:
        return Outcome.OWN_SLOT
    if now > slot.start - timedelta(hours=slot.window.notice_hours) or now >= slot.start:
        return Outcome.TOO_LATE
    start, end = slot.start, slot.end
    if any(hold.start < end and start < hold.end and asker in (hold.host, hold.asker) for hold in holds):
        return Outcome.OVERLAPPING
    if not _is_host_free(slot, holds) or free_seat(slot, holds) is None:
        return Outcome.TAKEN
    if upcoming_minutes + slot.window.slot_minutes > most_minutes:
        return Outcome.TOO_MANY
    return Outcome.BOOKED


def _is_host_free(slot: Slot, holds: Iterable[Hold]) -> bool:
    """Whether nothing else the host has touches the slot, and it fits into the minutes they give that day."""
    window, start, end = slot.window, slot.start, slot.end
    host, buffer = window.host.id, window.buffer
    that_day = set()  # a session with several people takes its host's time once
    for hold in holds:
        if hold.host == host:
            if hold.start == start and hold.window == window.id:
                continue  # this session
            apart = max(hold.buffer, buffer)
            if hold.day == slot.day:
                that_day.add((hold.start, hold.end))
        elif hold.asker == host:
            apart = _NOTHING
        else:
            continue
        if hold.start < end + apart and start < hold.end + apart:
            return False
    given = sum((until - since for since, until in that_day), _NOTHING)
    return given + window.length <= timedelta(minutes=window.day_minutes)


def _is_same_session(slot: Slot, hold: Hold) -> bool:
    return hold.start == slot.start and hold.window == slot.window.id and hold.host == slot.window.host.id


def offers(
    windows: Iterable[Window],
    holds: Sequence[Hold],
    asker: str,
    now: datetime,
    until: datetime,
    days_off: Mapping[str | None, Collection[date]],
) -> list[Offer]:
    """Every slot the asker could book now, as far as ``until``; ``days_off`` is by the host's region."""
    found = []
    for window in windows:
        after = now + timedelta(hours=window.notice_hours)
        last = min(until, now + timedelta(days=window.horizon_days))
        concerned = [hold for hold in holds if {hold.host, hold.asker} & {window.host.id, asker}]
        for slot in slots(window, after, last, days_off.get(window.host.region, ())):
            if judge(slot, asker, concerned, 0, now, window.slot_minutes) is Outcome.BOOKED:
                seats = sum(_is_same_session(slot, hold) for hold in concerned)
                found.append(Offer(slot, window.capacity - seats))
    return found


def fair(found: Iterable[Offer], last_booked: Mapping[str, datetime]) -> list[Offer]:
    """Hosts in turn, the least recently booked first, each with their earliest slots first."""
    by_host: dict[str, list[Offer]] = {}
    for offer in sorted(found, key=lambda one: (one.slot.start, one.slot.id)):
        by_host.setdefault(offer.slot.window.host.id, []).append(offer)
    never = datetime.min.replace(tzinfo=UTC)
    hosts = sorted(by_host, key=lambda host: (last_booked.get(host, never), host))
    ranked = [(turn, hosts.index(host), offer) for host in hosts for turn, offer in enumerate(by_host[host])]
    return [offer for _, _, offer in sorted(ranked, key=lambda one: one[:2])]


def is_about(window: Window, words: str) -> bool:
    """Whether every word is in the window's topics or its host's name."""
    text = f"{window.topics} {window.host.name}".casefold()
    return all(word in text for word in words.casefold().split())


def may_cancel(booking: Booking, member: str, now: datetime, cut_off_minutes: int) -> bool:
    """The host may until the start, the asker until the cut-off before it."""
    latest = booking.start if member == booking.host.id else booking.start - timedelta(minutes=cut_off_minutes)
    return booking.is_on and now < latest
