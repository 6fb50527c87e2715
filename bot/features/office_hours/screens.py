"""What office hours show: open times, the booking form, bookings, and a host's windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal

from bot.domain.calendar import DAY_NAMES, clock_text, zone_named
from bot.domain.office_hours import QUESTION_LENGTH, Booking, Offer, Outcome, Person, Slot, Window, may_cancel, weekdays
from bot.messages import (
    LABEL_LIMIT,
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Form,
    Heading,
    Invite,
    Link,
    Message,
    Note,
    Plain,
    Span,
    Spans,
    Text,
    TextInput,
    clip,
    plain,
)
from bot.router import Context, Work

DAYS_SHOWN = 14
SLOTS_SHOWN = 12
BOOKINGS_SHOWN = 15
ECHO_LIMIT = 60
EXCERPT = 120
BOOK = "Book a time"


def told(spans: Spans, *more: Block) -> Message:
    """A message that begins with one paragraph, which is also its summary."""
    return Message(clip(plain(spans), SUMMARY_LIMIT), (Text(spans), *more))


def zone_label(zone: str, at: datetime) -> str:
    """``CET``; where a zone has no letters, the offset, as in ``UTC-03``."""
    label = at.astimezone(zone_named(zone)).tzname() or zone
    if label[0] not in "+-":
        return label
    return f"UTC{label[:3]}" + (f":{label[3:]}" if label[3:] else "")


def when(zone: str, start: datetime, end: datetime) -> str:
    """``Tue 24 Nov, 10:00 to 10:30 CET``."""
    return f"{_day(zone, start)}, {_clock(zone, start)} to {_clock(zone, end)} {zone_label(zone, start)}"


def _day(zone: str, at: datetime) -> str:
    local = at.astimezone(zone_named(zone))
    return f"{DAY_NAMES[local.weekday()][:3]} {local.day} {local:%b}"


def _clock(zone: str, at: datetime) -> str:
    return f"{at.astimezone(zone_named(zone)):%H:%M}"


def place(text: str) -> Span:
    """A call link can be pressed; every other place is words."""
    is_link = text.startswith(("https://", "http://")) and not any(one.isspace() for one in text)
    return Link(text, text) if is_link else Plain(text)


def open_times(ctx: Context, found: Sequence[Offer], lead: Spans, *, rest: int = 0, more: str = "") -> Message:
    """Slots by day of the reader; ``rest`` says how many come after these, ``more`` is the value of the button for them."""
    blocks: list[Block] = [Heading(plain(ctx.say("office_hours.title"))), Text(lead)]
    zone = ctx.actor.zone
    ordered = sorted(found, key=lambda one: one.slot.start)
    for day, offers in groupby(ordered, key=lambda one: _day(zone, one.slot.start)):
        blocks.append(Heading(day))
        for offer in offers:
            blocks += [Text(_slot(ctx, offer)), Buttons((book_button(zone, offer.slot),), BOOK)]
    if rest:
        blocks += [
            Note(ctx.say("office_hours.more", count=rest)),
            Buttons((Button("More times", "office_hours.more", more),)),
        ]
    return Message(clip(plain(lead), SUMMARY_LIMIT), tuple(blocks))


def _slot(ctx: Context, offer: Offer) -> Spans:
    slot, zone = offer.slot, ctx.actor.zone
    return ctx.say(
        "office_hours.slot",
        start=_clock(zone, slot.start),
        end=_clock(zone, slot.end),
        zone=zone_label(zone, slot.start),
        host=slot.window.host.name,
        topics=slot.window.topics,
        capacity=slot.window.capacity,
        left=offer.left,
    )


def book_button(zone: str, slot: Slot) -> Button:
    """The label says what it books, for those who hear the buttons one after the other."""
    label = f"Book {_day(zone, slot.start)[:3]} {_clock(zone, slot.start)}, {slot.window.host.name}"
    return Button(clip(label, LABEL_LIMIT), "office_hours.book", slot.id, opens=True)


def no_times(ctx: Context) -> Message:
    return told(ctx.say("office_hours.none", days=DAYS_SHOWN))


def question_form(ctx: Context, slot: Slot, *, question: str = "") -> Form:
    told_when = when(ctx.actor.zone, slot.start, slot.end)
    return Form(
        id="office_hours.question",
        title="Book office hours",
        submit="Book",
        ref=slot.id,
        intro=ctx.say("office_hours.ask", when=told_when, host=slot.window.host.name),
        fields=(
            TextInput(
                name="question",
                label="What would you like to talk about?",
                hint="A sentence or two: what you are doing, and where you are stuck.",
                value=question,
                multiline=True,
                max_length=QUESTION_LENGTH[1],
            ),
        ),
    )


def not_booked(ctx: Context, outcome: Outcome, minutes: int) -> Spans:
    return ctx.say(f"office_hours.not_{outcome.value}", minutes=minutes)


def booked(ctx: Context, slot: Slot) -> Message:
    told_when = when(ctx.actor.zone, slot.start, slot.end)
    return told(ctx.say("office_hours.booked", when=told_when, host=slot.window.host.name), _bookings_button())


def _bookings_button() -> Buttons:
    return Buttons((Button("My bookings", "office_hours.bookings"),))


def invite(booking: Booking, method: Literal["REQUEST", "CANCEL"]) -> Invite:
    return Invite(
        uid=f"{booking.id}@mlops-coach",
        sequence=booking.sequence,
        method=method,
        start=booking.start,
        end=booking.end,
        title=f"Office hours: {booking.asker.name} with {booking.host.name}",
        description=booking.question,
        organizer=booking.host.name,
        attendees=(booking.asker.name,),
        place=booking.place,
        stamp=booking.changed_at,
    )


def confirmed(work: Work, booking: Booking, reader: Person, cut_off: int) -> Message:
    """To either side: when, where, the question, the calendar entry and, while there is time, a way out."""
    is_host = reader.id == booking.host.id
    lead = work.say("office_hours.confirmed_host" if is_host else "office_hours.confirmed", **_sides(booking, reader))
    note = () if is_host else (Note(work.say("office_hours.cancel_until", minutes=cut_off)),)
    return told(
        lead,
        Text(_asks(work, booking)),
        Text((Plain("Place: "), place(booking.place))),
        invite(booking, "REQUEST"),
        *_way_out(booking, reader, work.now, cut_off),
        *note,
    )


def _way_out(
    booking: Booking, reader: Person, now: datetime, cut_off: int, label: str = "Cancel this booking"
) -> tuple[Block, ...]:
    """A button only while pressing it would do what it says."""
    if not may_cancel(booking, reader.id, now, cut_off):
        return ()
    button = Button(clip(label, LABEL_LIMIT), "office_hours.cancel", booking.id, "danger")
    return (Buttons((button,), "Cancel a booking"),)


def _asks(work: Work, booking: Booking) -> Spans:
    return work.say("office_hours.asks", name=booking.asker.name, question=booking.question)


def _sides(booking: Booking, reader: Person) -> dict[str, str]:
    other = booking.asker if reader.id == booking.host.id else booking.host
    return {"when": when(reader.zone, booking.start, booking.end), "other": other.name}


def reminder(work: Work, booking: Booking, cut_off: int) -> Message:
    return told(
        work.say("office_hours.reminder", **_sides(booking, booking.asker)),
        Text(_asks(work, booking)),
        Text((Plain("Place: "), place(booking.place))),
        *_way_out(booking, booking.asker, work.now, cut_off),
    )


def host_reminder(work: Work, session: Sequence[Booking]) -> Message:
    """One for everybody who comes; at most a screenful of questions."""
    first = session[0]
    lead = work.say(
        "office_hours.reminder_host", when=when(first.host.zone, first.start, first.end), count=len(session)
    )
    asks = (Text(_asks(work, one)) for one in session[:BOOKINGS_SHOWN])
    return told(lead, *asks, Text((Plain("Place: "), place(first.place))), _bookings_button())


def cancelled(work: Work, booking: Booking, reader: Person) -> Message:
    is_host = reader.id == booking.host.id
    key = "office_hours.cancelled_self" if booking.cancelled_by == reader.id else "office_hours.cancelled_other"
    spans = work.say(key, **_sides(booking, reader), is_host=is_host)
    return told(spans, invite(booking, "CANCEL"))


def cancelled_now(ctx: Context, booking: Booking) -> Message:
    reader = booking.host if ctx.actor.member == booking.host.id else booking.asker
    return told(ctx.say("office_hours.cancelled", **_sides(booking, reader)))


def bookings(ctx: Context, found: Sequence[Booking], cut_off: int, skip: int = 0) -> Message:
    """A screenful of them, and the way to the next."""
    title = plain(ctx.say("office_hours.bookings"))
    if not found:
        return told(ctx.say("office_hours.no_bookings"))
    blocks: list[Block] = [Heading(title)]
    for one in found[skip : skip + BOOKINGS_SHOWN]:
        is_host = one.host.id == ctx.actor.member
        reader = one.host if is_host else one.asker
        sides = _sides(one, reader)
        key = "office_hours.hosting" if is_host else "office_hours.mine"
        label = f"Cancel {_day(reader.zone, one.start)} {_clock(reader.zone, one.start)}, {sides['other']}"
        blocks += [
            Text(ctx.say(key, **sides, question=clip(one.question, EXCERPT))),
            Text((Plain("Place: "), place(one.place))),
            *_way_out(one, reader, ctx.now, cut_off, label),
        ]
    shown = skip + BOOKINGS_SHOWN
    if shown < len(found):
        blocks.append(Note(ctx.say("office_hours.more_bookings", count=len(found) - shown)))
        blocks.append(Buttons((Button("Later bookings", "office_hours.bookings", str(shown)),)))
    return Message(title, tuple(blocks))


def upcoming(ctx: Context, booking: Booking) -> Text:
    reader = booking.host if booking.host.id == ctx.actor.member else booking.asker
    return Text(ctx.say("office_hours.next", **_sides(booking, reader)))


def windows(ctx: Context, found: Sequence[Window]) -> Message:
    title = plain(ctx.say("office_hours.windows"))
    add = Button("Add a weekly time", "office_hours.add", style="primary", opens=True)
    if not found:
        return told(ctx.say("office_hours.no_windows"), Buttons((add,)))
    blocks: list[Block] = [Heading(title)]
    for one in found:
        label = clip(f"Close {days_text(one)}, {clock_text(one.start)}", LABEL_LIMIT)
        close = Button(label, "office_hours.close", one.id, "danger")
        blocks += [Text(_window(ctx, one)), Buttons((close,), "Close a weekly time")]
    return Message(title, (*blocks, Buttons((add,))))


def _window(ctx: Context, window: Window) -> Spans:
    return ctx.say(
        "office_hours.window",
        **opening(window),
        zone=window.zone,
        topics=window.topics,
        length=window.slot_minutes,
        capacity=window.capacity,
        buffer=window.buffer_minutes,
        most=window.day_minutes // window.slot_minutes,
        place=place(window.place),
    )


def opening(window: Window) -> dict[str, str]:
    return {"days": days_text(window), "start": clock_text(window.start), "end": clock_text(window.end)}


def days_text(window: Window) -> str:
    return ", ".join(DAY_NAMES[day][:3] for day in weekdays(window.rule))
