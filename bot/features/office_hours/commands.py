"""What people say and press: see open times, book with a question, cancel; and as a host, open and close windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.calendar import DAY, local_date
from bot.domain.deliveries import Outgoing
from bot.domain.office_hours import (
    NEARBY,
    QUESTION_LENGTH,
    Booking,
    Offer,
    Outcome,
    Person,
    Slot,
    fair,
    is_about,
    may_cancel,
    offers,
    read_slot_id,
    slot_at,
)
from bot.domain.people import Verb, authorize
from bot.errors import Refusal
from bot.features.office_hours import kinds, screens
from bot.features.office_hours.forms import read_window, window_form
from bot.features.office_hours.screens import DAYS_SHOWN, ECHO_LIMIT, SLOTS_SHOWN
from bot.messages import Block, Buttons, Note, Spans, clip, plain
from bot.router import Action, Answer, Command, Context, FormHandler, Needs, Values

WINDOWS_LIMIT = 10  # open windows of one host


def hours(ctx: Context, words: str) -> Answer:
    """Open times, about some words if there are any."""
    return _times(ctx, words, 0)


def _more(ctx: Context, value: str) -> Answer:
    skip, _, words = value.partition("|")
    return _times(ctx, words, int(skip) if skip.isdecimal() and len(skip) < 6 else 0)


def _times(ctx: Context, words: str, skip: int) -> Answer:
    found = _offers(ctx)
    about = [one for one in found if is_about(one.slot.window, words)]
    shown = (about or found)[skip : skip + SLOTS_SHOWN]
    if not shown:
        return Answer(inline=screens.no_times(ctx))
    rest = len(about or found) - skip - len(shown)
    more = f"{skip + SLOTS_SHOWN}|{words[:150]}"
    return Answer(inline=screens.open_times(ctx, shown, _lead(ctx, words, bool(about)), rest=rest, more=more))


def _lead(ctx: Context, words: str, is_found: bool) -> Spans:
    key = "open" if not words else "open_about" if is_found else "none_about"
    return ctx.say(f"office_hours.{key}", words=clip(words, ECHO_LIMIT), days=DAYS_SHOWN, zone=ctx.actor.zone)


def _offers(ctx: Context) -> list[Offer]:
    """What the actor could book now, in fair order."""
    store, until = ctx.store.office_hours, ctx.now + timedelta(days=DAYS_SHOWN)
    windows = store.windows()
    hosts = {one.host.id for one in windows}
    holds = store.holds({*hosts, ctx.actor.member}, ctx.now - NEARBY, until + NEARBY)
    regions = {one.host.region for one in windows}
    first, last = ctx.now.date() - DAY, until.date() + DAY
    days_off = {region: ctx.store.people.days_off(region, first, last) for region in regions}
    found = offers(windows, holds, ctx.actor.member, ctx.now, until, days_off)
    return fair(found, store.last_booked(hosts))


def _slot(ctx: Context, value: str) -> Slot | None:
    """The slot a button or form speaks of, looked up again: what came back from outside proves nothing."""
    read = read_slot_id(value)
    window = ctx.store.office_hours.window(read[0]) if read else None
    if read is None or window is None:
        return None
    days_off = ctx.store.people.days_off(window.host.region, read[1].date() - DAY, read[1].date() + DAY)
    return slot_at(window, read[1], ctx.now, days_off)


def _ask(ctx: Context, value: str) -> Answer:
    slot = _slot(ctx, value)
    if slot is None:
        raise Refusal("office_hours.gone")
    return Answer(opens=screens.question_form(ctx, slot))


def _claim(ctx: Context, values: Values, ref: str) -> Answer:
    """Book, or say why not and keep the question in sight."""
    question = str(values.get("question", ""))
    low, high = QUESTION_LENGTH
    if not low <= len(question) <= high:
        return Answer(errors={"question": plain(ctx.say("office_hours.question", low=low, high=high))})
    slot = _slot(ctx, ref)
    if slot is None:
        return _refused(ctx, Outcome.TAKEN, question)
    most = ctx.store.people.settings().booking_minutes
    id = ctx.ids()
    outcome = ctx.store.office_hours.claim(id, slot, ctx.actor.member, question, ctx.now, most_minutes=most)
    booking = ctx.store.office_hours.booking(id)
    if outcome is not Outcome.BOOKED or booking is None:
        return _refused(ctx, outcome, question)
    ctx.store.participation.add(ctx.actor.member, local_date(ctx.actor.zone, ctx.now), "bookings")
    return Answer(inline=screens.booked(ctx, slot), durable=kinds.on_booked(booking, slot, ctx.now))


def _refused(ctx: Context, outcome: Outcome, question: str) -> Answer:
    why = screens.not_booked(ctx, outcome, ctx.store.people.settings().booking_minutes)
    kept = Note(ctx.say("office_hours.your_question", question=question))
    if outcome is Outcome.TOO_MANY:
        return Answer(inline=screens.told(why, kept))
    others = _offers(ctx)[:3]
    rows = [Buttons((screens.book_button(ctx.actor.zone, one.slot),), screens.BOOK) for one in others]
    return Answer(inline=screens.told(why, kept, *rows))


def bookings(ctx: Context, words: str) -> Answer:
    """What lies ahead; ``words`` may say how many to leave out, as the button for the next ones does."""
    found = ctx.store.office_hours.ahead(ctx.actor.member, ctx.now)
    skip = int(words) if words.isdecimal() and len(words) < 6 else 0
    cut_off = ctx.store.people.settings().booking_cutoff
    return Answer(inline=screens.bookings(ctx, found, cut_off, skip if skip < len(found) else 0))


def _cancel(ctx: Context, value: str) -> Answer:
    store, member = ctx.store.office_hours, ctx.actor.member
    booking = store.booking(value)
    if booking is None or not any(authorize(ctx.actor, Verb.OWN, one.id) for one in (booking.host, booking.asker)):
        raise Refusal("office_hours.gone")
    if not booking.is_on:
        raise Refusal("office_hours.already_cancelled")
    cut_off = ctx.store.people.settings().booking_cutoff
    if ctx.now >= booking.start:
        raise Refusal("office_hours.started")
    if not may_cancel(booking, member, ctx.now, cut_off):
        raise Refusal("office_hours.too_late_to_cancel", minutes=cut_off)
    after = _cancelled(ctx, booking)
    if after is None:
        raise Refusal("office_hours.already_cancelled")
    return Answer(inline=screens.cancelled_now(ctx, after), durable=kinds.on_cancelled(after))


def _cancelled(ctx: Context, booking: Booking) -> Booking | None:
    """The booking as it stands once the actor has cancelled it; None when somebody else was first."""
    if not ctx.store.office_hours.cancel(booking.id, ctx.actor.member, ctx.now):
        return None
    for kind in kinds.ENDED_BY_CANCEL:
        ctx.store.ledger.skip("cancelled", kind=kind, subject=booking.id)
    return ctx.store.office_hours.booking(booking.id) or booking


def left(ctx: Context) -> Sequence[Outgoing]:
    """Whoever goes takes their bookings along, and those they had them with are told: there will be nobody."""
    member = ctx.actor.member
    ahead = (one for one in ctx.store.office_hours.ahead(member, ctx.now) if one.start > ctx.now)
    ended = [after for one in ahead if (after := _cancelled(ctx, one)) is not None]
    return [told for one in ended for told in kinds.on_cancelled(one) if told.member != member]


def merging(ctx: Context, kept: str, absorbed: str) -> Sequence[Outgoing]:
    """Two members become one: a second seat in one session is given back, and what they host is reminded of anew."""
    both = {kept, absorbed}
    ahead = {one.id: one for member in (kept, absorbed) for one in ctx.store.office_hours.ahead(member, ctx.now)}
    told: list[Outgoing] = []
    sessions: set[tuple[str, datetime]] = set()
    for one in ahead.values():
        host = kept if one.host.id in both else one.host.id
        is_second = one.asker.id in both and (host == kept or (host, one.start) in sessions)
        if is_second and (after := _cancelled(ctx, one)) is not None:
            told += [notice for notice in kinds.on_cancelled(after) if notice.member not in both]
            continue
        if one.asker.id in both:
            sessions.add((host, one.start))
        if one.host.id == absorbed:
            told += kinds.on_moved(one, kept, ctx.now)
    return told


def host(ctx: Context, _words: str) -> Answer:
    return Answer(inline=screens.windows(ctx, ctx.store.office_hours.windows(ctx.actor.member)))


def _add(ctx: Context, _value: str) -> Answer:
    return Answer(opens=window_form(ctx.say("office_hours.form", zone=ctx.actor.zone)))


def _open(ctx: Context, values: Values, _ref: str) -> Answer:
    actor = ctx.actor
    if len(ctx.store.office_hours.windows(actor.member)) >= WINDOWS_LIMIT:
        raise Refusal("office_hours.too_many_windows", limit=WINDOWS_LIMIT)
    me = Person(actor.member, actor.name, actor.zone)
    window = read_window(ctx, values, ctx.ids(), me, local_date(actor.zone, ctx.now))
    if isinstance(window, dict):
        return Answer(errors=window)
    ctx.store.office_hours.add_window(window, ctx.now)
    return Answer(inline=screens.told(ctx.say("office_hours.opened", **screens.opening(window))))


def _close(ctx: Context, value: str) -> Answer:
    if not ctx.store.office_hours.close_window(value, ctx.actor.member, ctx.now):
        raise Refusal("office_hours.gone")
    return Answer(inline=screens.told(ctx.say("office_hours.closed")))


def home(ctx: Context) -> Sequence[Block]:
    """The next booking, if there is one."""
    return [screens.upcoming(ctx, one) for one in ctx.store.office_hours.ahead(ctx.actor.member, ctx.now)[:1]]


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    store, member = ctx.store.office_hours, ctx.actor.member
    kept = [("Office hours booked, with your questions", str(store.count(member)))]
    opened = len(store.windows(member))
    return [*kept, ("Weekly office hours you host", str(opened))] if opened else kept


COMMANDS = [
    Command(
        name="hours",
        run=hours,
        summary="See open office hours and book one",
        needs=Needs.READ,
        arguments="[topic or host]",
        examples=("hours", "hours monitoring"),
    ),
    Command(
        name="book",
        run=hours,
        summary="Book office hours with a host",
        needs=Needs.READ,
        arguments="[topic or host]",
        examples=("book", "book governance"),
    ),
    Command(name="bookings", run=bookings, summary="See and cancel your bookings", needs=Needs.READ),
    Command(
        name="host",
        run=host,
        summary="Open and close your own office hours",
        needs=Needs.READ,
        verb=Verb.HOST,
    ),
]
ACTIONS = [
    Action(name="office_hours.hours", run=hours, needs=Needs.READ),
    Action(name="office_hours.more", run=_more, needs=Needs.READ),
    Action(name="office_hours.book", run=_ask, needs=Needs.READ),
    Action(name="office_hours.bookings", run=bookings, needs=Needs.READ),
    Action(name="office_hours.cancel", run=_cancel),
    Action(name="office_hours.add", run=_add, needs=Needs.READ, verb=Verb.HOST),
    Action(name="office_hours.close", run=_close, verb=Verb.HOST),
]
FORMS = [
    FormHandler(name="office_hours.question", run=_claim),
    FormHandler(name="office_hours.window", run=_open, verb=Verb.HOST),
]
