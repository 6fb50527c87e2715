"""What is sent about a booking: confirmations, reminders and cancellations, to the asker and to the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.office_hours import REMINDERS, Booking, Person, Slot
from bot.features.office_hours import screens
from bot.messages import Message
from bot.router import Composed, Kind, Skip, Work

Side = Literal["asker", "host"]
Screen = Callable[[Work, Booking, Person], Message]

# Nothing of these is wanted once the booking is off. A host's reminder is for the whole session: its guard decides.
ENDED_BY_CANCEL = ("booking_confirmed", "booking_host", "booking_reminder")


def on_booked(booking: Booking, slot: Slot, now: datetime) -> tuple[Outgoing, ...]:
    """Word to both sides at once, and reminders as far ahead as there is time for."""
    reminders = [one for before in REMINDERS if slot.start - before > now for one in _reminders(booking, before)]
    return (
        _notice("booking_confirmed", booking, booking.asker),
        _notice("booking_host", booking, booking.host),
        *reminders,
    )


def on_cancelled(booking: Booking) -> tuple[Outgoing, ...]:
    """Both sides get the calendar entry taken back; each reads who did it."""
    return (
        _notice("booking_cancelled", booking, booking.asker),
        _notice("booking_cancelled_host", booking, booking.host),
    )


def on_moved(booking: Booking, host: str, now: datetime) -> tuple[Outgoing, ...]:
    """The host is known by another id from now on: their reminders are planned under it."""
    whose = msgspec.structs.replace(booking.host, id=host)
    moved = msgspec.structs.replace(booking, host=whose)
    return tuple(_reminders(moved, before)[1] for before in REMINDERS if moved.start - before > now)


def _notice(kind: str, booking: Booking, to: Person) -> Outgoing:
    period = f"{booking.id}+{booking.sequence}"
    return Outgoing(kind=kind, subject=booking.id, period=period, member=to.id, expires_at=booking.end)


def _reminders(booking: Booking, before: timedelta) -> tuple[Outgoing, Outgoing]:
    """The asker's hangs on the booking, the host's on the session: one, however many people come."""
    due, minutes = booking.start - before, int(before.total_seconds()) // 60
    # A reminder that is late by hours must not arrive beside the next one.
    expires = min((booking.start - one for one in REMINDERS if one < before), default=booking.start)
    epoch = int(booking.start.timestamp())
    session = f"{booking.host.id}.{epoch}"
    return (
        Outgoing(
            kind="booking_reminder",
            subject=booking.id,
            period=f"{booking.id}+{booking.sequence}-{minutes}",
            member=booking.asker.id,
            due_at=due,
            expires_at=expires,
        ),
        Outgoing(
            kind="booking_reminder_host",
            subject=session,
            period=f"{session}-{minutes}",
            member=booking.host.id,
            due_at=due,
            expires_at=expires,
            payload={"host": booking.host.id, "start": epoch},
        ),
    )


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """The booking must still be on, and ahead."""
    found = work.store.office_hours.bookings({one.subject for one in deliveries})
    return {one.id: reason for one in deliveries if (reason := _objection(found.get(one.subject), work.now))}


def _objection(booking: Booking | None, now: datetime) -> str:
    if booking is None or not booking.is_on:
        return "cancelled"
    return "begun" if now >= booking.start else ""


def _composed(side: Side, screen: Screen) -> Callable[[Work, Sequence[Delivery]], Mapping[int, Composed | Skip]]:
    """One screen a booking, as the given side reads it."""

    def compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
        found = work.store.office_hours.bookings({one.subject for one in deliveries})
        return {one.id: made(work, found.get(one.subject)) for one in deliveries}

    def made(work: Work, booking: Booking | None) -> Composed | Skip:
        if booking is None:
            return Skip("gone")
        return Composed(screen(work, booking, booking.host if side == "host" else booking.asker))

    return compose


def _confirmed(work: Work, booking: Booking, reader: Person) -> Message:
    return screens.confirmed(work, booking, reader, work.store.people.settings().booking_cutoff)


def _reminder(work: Work, booking: Booking, _reader: Person) -> Message:
    return screens.reminder(work, booking, work.store.people.settings().booking_cutoff)


def _session_guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """At least one person must still come, and the start be ahead."""
    sessions = work.store.office_hours.sessions({_session(one) for one in deliveries})
    return {
        one.id: "begun" if sessions[_session(one)] else "cancelled"
        for one in deliveries
        if not sessions[_session(one)] or work.now >= _session(one)[1]
    }


def _session_compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    sessions = work.store.office_hours.sessions({_session(one) for one in deliveries})
    return {one.id: _session_made(work, sessions[_session(one)]) for one in deliveries}


def _session_made(work: Work, session: Sequence[Booking]) -> Composed | Skip:
    return Composed(screens.host_reminder(work, session)) if session else Skip("cancelled")


def _session(one: Delivery) -> tuple[str, datetime]:
    return one.payload["host"], datetime.fromtimestamp(one.payload["start"], UTC)


KINDS = [
    Kind(name="booking_confirmed", compose=_composed("asker", _confirmed), guard=_guard, urgent=True),
    Kind(name="booking_host", compose=_composed("host", _confirmed), guard=_guard, urgent=True),
    Kind(name="booking_reminder", compose=_composed("asker", _reminder), guard=_guard, urgent=True),
    Kind(name="booking_reminder_host", compose=_session_compose, guard=_session_guard, urgent=True),
    Kind(name="booking_cancelled", compose=_composed("asker", screens.cancelled), urgent=True),
    Kind(name="booking_cancelled_host", compose=_composed("host", screens.cancelled), urgent=True),
]
