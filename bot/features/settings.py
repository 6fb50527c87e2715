"""How a member learns: role, track, time zone, time of day and days; starting and leaving in one press."""

from __future__ import annotations

from datetime import date

import msgspec

from bot.domain import zones
from bot.domain.calendar import DAY_NAMES, WORKDAYS, clock_text, local_date, zone_named
from bot.domain.pack import ROLES
from bot.messages import (
    Block,
    Button,
    Buttons,
    Fields,
    Form,
    FormField,
    Heading,
    Message,
    MultiInput,
    Note,
    Pick,
    Plain,
    SelectInput,
    Text,
    TextInput,
    TimeInput,
    clip,
    plain,
)
from bot.ports.lessons import Learner
from bot.router import Action, Answer, Command, Context, Feature, FormHandler, Needs, Values

DEFAULT_MINUTE = 9 * 60 + 30
DEFAULT_TRACK = "everyone-core"
ANY_ROLE = "any"

FEATURE = Feature(name="settings")


def show(ctx: Context, _words: str) -> Answer:
    """What is set, and the button to change it."""
    learner = ctx.store.lessons.learner(ctx.actor.member)
    if learner is None:
        return Answer(opens=_form(ctx, _defaults(ctx)))
    return Answer(inline=Message(plain(ctx.say("settings.title")), tuple(_shown(ctx, learner))))


def change(ctx: Context, _value: str) -> Answer:
    return Answer(opens=_form(ctx, ctx.store.lessons.learner(ctx.actor.member) or _defaults(ctx)))


def quick(ctx: Context, _value: str) -> Answer:
    """Start with everything as suggested: the core track at half past nine on working days."""
    if ctx.store.lessons.learner(ctx.actor.member) is not None:
        return show(ctx, "")
    return _enrol(ctx, _defaults(ctx))


def save(ctx: Context, values: Values, _ref: str) -> Answer:
    """Check every field before anything is written; a changed rhythm is planned again in this transaction."""
    errors: dict[str, str] = {}
    role, track = str(values.get("role", ANY_ROLE)), str(values.get("track", ""))
    zone = zones.named(str(values.get("zone", "")))
    minute, days = _minute(str(values.get("time", ""))), _days(values.get("days", []))
    if role != ANY_ROLE and role not in ROLES:
        errors["role"] = plain(ctx.say("settings.pick_one"))
    if track not in ctx.catalog.tracks:
        errors["track"] = plain(ctx.say("settings.pick_one"))
    if zone is None:
        near = zones.nearest(str(values.get("zone", "")))
        errors["zone"] = clip(plain(ctx.say("settings.zone_unknown", near=", ".join(near))), 150)
    if minute is None:
        errors["time"] = plain(ctx.say("settings.time_unknown"))
    if days == 0:
        errors["days"] = plain(ctx.say("settings.days_none"))
    if errors or zone is None or minute is None:
        return Answer(errors=errors)
    chosen = None if role == ANY_ROLE else role
    before = ctx.store.lessons.learner(ctx.actor.member) or _defaults(ctx)  # a pause outlasts a change of settings
    return _enrol(ctx, msgspec.structs.replace(before, track=track, role=chosen, zone=zone, minute=minute, days=days))


def _enrol(ctx: Context, learner: Learner) -> Answer:
    ctx.store.people.set_zone(learner.member, learner.zone)
    ctx.store.lessons.save(learner)
    ctx.store.lessons.replan(learner.member, ctx.now)
    said = ctx.say(
        "settings.saved", track=_track_name(ctx, learner), time=clock_text(learner.minute), zone=learner.zone
    )
    if _is_due_today(ctx, learner):
        said = (*said, Plain(" "), *ctx.say("settings.due_now"))
    if _is_paused(ctx, learner):
        said = (*said, Plain(" "), *ctx.say("settings.still_paused"))
    return Answer(inline=Message(clip(plain(said), 300), (Text(said), _change_button(ctx))))


def _is_due_today(ctx: Context, learner: Learner) -> bool:
    """Whether today's lesson is on its way, though its time of day has passed."""
    period = local_date(learner.zone, ctx.now).isoformat()
    delivery = ctx.store.ledger.find(("daily", learner.member, period))
    return delivery is not None and delivery.state == "ready"


def _is_paused(ctx: Context, learner: Learner) -> bool:
    """A pause up to a day is over on that day, though nobody has said so."""
    until = learner.paused_until
    return learner.paused and (until is None or local_date(learner.zone, ctx.now) < until)


def stop(ctx: Context, _words: str) -> Answer:
    """Leave the track in one press. What was learned is kept for coming back."""
    ctx.store.lessons.remove(ctx.actor.member)
    ctx.store.ledger.skip("stopped", kind="daily", member=ctx.actor.member)
    said = ctx.say("settings.stopped")
    return Answer(inline=Message(plain(said), (Text(said), Buttons((Button("Start again", "settings.change"),)))))


def _defaults(ctx: Context) -> Learner:
    tracks = ctx.catalog.tracks
    track = DEFAULT_TRACK if DEFAULT_TRACK in tracks else next(iter(tracks), "")
    zone = ctx.actor.zone
    return Learner(member=ctx.actor.member, track=track, role=None, zone=zone, minute=DEFAULT_MINUTE, days=WORKDAYS)


def _form(ctx: Context, now: Learner) -> Form:
    fields: tuple[FormField, ...] = (
        SelectInput(
            name="role",
            label="Your role",
            hint="Lessons say why they matter to you in the words of this role.",
            options=(Pick(ANY_ROLE, "Any role"), *(Pick(id, name) for id, name in ROLES.items())),
            value=now.role or ANY_ROLE,
        ),
        SelectInput(
            name="track",
            label="Track",
            options=tuple(
                Pick(id, clip(f"{one.name} ({len(one.lessons)} lessons)", 75)) for id, one in ctx.catalog.tracks.items()
            ),
            value=now.track if now.track in ctx.catalog.tracks else None,
        ),
        TextInput(name="zone", label="Time zone or city", hint="For example Europe/Berlin or Nairobi", value=now.zone),
        TimeInput(name="time", label="Time of day", value=clock_text(now.minute)),
        MultiInput(
            name="days",
            label="Days",
            options=tuple(Pick(str(at), name) for at, name in enumerate(DAY_NAMES)),
            values=tuple(str(at) for at in range(7) if now.days >> at & 1),
        ),
    )
    return Form(id="settings.save", title="How you learn", fields=fields, intro=ctx.say("settings.intro"))


def _shown(ctx: Context, learner: Learner) -> list[Block]:
    role = next((name for id, name in ROLES.items() if id == learner.role), "Any role")
    days = ", ".join(name for at, name in enumerate(DAY_NAMES) if learner.days >> at & 1)
    now = ctx.now.astimezone(zone_named(learner.zone))
    zone = plain(ctx.say("settings.zone_now", zone=learner.zone, time=f"{now:%H:%M}"))
    rows = (
        ("Track", _track_name(ctx, learner)),
        ("Role", role),
        ("Time zone", zone),
        ("Time", clock_text(learner.minute)),
        ("Days", days),
        ("State", plain(ctx.say("settings.state", paused=_is_paused(ctx, learner), until=_day(learner.paused_until)))),
    )
    return [
        Heading(plain(ctx.say("settings.title"))),
        Fields(tuple((label, (Plain(value),)) for label, value in rows)),
        _change_button(ctx),
        Note(ctx.say("settings.how_to_stop")),
    ]


def _day(day: date | None) -> str:
    return f"{day:%A %d %B %Y}" if day else ""


def _change_button(_ctx: Context) -> Buttons:
    return Buttons((Button("Change settings", "settings.change"),))


def _track_name(ctx: Context, learner: Learner) -> str:
    track = ctx.catalog.tracks.get(learner.track)
    return track.name if track else learner.track


def _minute(words: str) -> int | None:
    hour, colon, minute = words.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(hour) <= 2 and len(minute) == 2):
        return None
    total = int(hour) * 60 + int(minute)
    return total if int(minute) < 60 and total < 24 * 60 else None


def _days(values: str | list[str]) -> int:
    picked = [values] if isinstance(values, str) else values
    return sum(1 << int(one) for one in set(picked) if one in set("0123456"))


FEATURE.commands += [
    Command(
        name="settings",
        run=show,
        needs=Needs.READ,
        summary="Your role, track, time zone, time and days",
        words=("setup",),
        examples=("settings",),
    ),
    Command(
        name="stop", run=stop, needs=Needs.WRITE, summary="Leave your track", words=("unsubscribe",), examples=("stop",)
    ),
]
FEATURE.actions += [
    Action(name="settings.change", run=change, needs=Needs.READ),
    Action(name="settings.quick", run=quick),
]
FEATURE.forms.append(FormHandler(name="settings.save", run=save))
