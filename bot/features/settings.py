"""How a member learns: role, track, time zone, time of day and days; starting and leaving in one press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from bot.domain import zones
from bot.domain.calendar import DAY_NAMES, USUAL_MINUTE, WORKDAYS, clock_text, day_words, local_date, zone_named
from bot.domain.holidays import region_named
from bot.domain.pack import ROLES
from bot.domain.tracks import Enrolment
from bot.messages import (
    SUMMARY_LIMIT,
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
    roles, tracks = _picked(values, "role", "other_roles"), _picked(values, "track", "other_tracks")
    region = region_named(str(values.get("region") or "")) if values.get("region") else None
    zone = zones.named(str(values.get("zone", "")))
    minute, days = _minute(str(values.get("time", ""))), _days(values.get("days", []))
    if not set(roles) <= {ANY_ROLE, *ROLES}:
        errors["role"] = plain(ctx.say("settings.pick_one"))
    if not tracks or not set(tracks) <= set(ctx.catalog.tracks):
        errors["track"] = plain(ctx.say("settings.pick_one"))
    if zone is None:
        near = zones.nearest(str(values.get("zone", "")))
        errors["zone"] = clip(plain(ctx.say("settings.zone_unknown", near=", ".join(near))), 150)
    if minute is None:
        errors["time"] = plain(ctx.say("settings.time_unknown"))
    if days == 0:
        errors["days"] = plain(ctx.say("settings.days_none"))
    if values.get("region") and region is None:
        errors["region"] = plain(ctx.say("settings.region_unknown"))
    if errors or zone is None or minute is None:
        return Answer(errors=errors)
    if "region" in values:
        _set_region(ctx, region)
    if "streak" in values:
        ctx.store.people.set_flag(ctx.actor.member, "streak_off", values["streak"] == "off")
    before = ctx.store.lessons.learner(ctx.actor.member, held=True) or _defaults(ctx)  # a pause outlasts the change
    return _enrol(
        ctx,
        msgspec.structs.replace(
            before,
            tracks=_enrolments(ctx, tracks),
            roles=tuple(one for one in roles if one != ANY_ROLE),
            zone=zone,
            minute=minute,
            days=days,
        ),
    )


def _picked(values: Values, *names: str) -> list[str]:
    """What was picked in these fields, each once, in their order."""
    found: dict[str, None] = {}
    for name in names:
        value = values.get(name) or []
        found.update(dict.fromkeys([value] if isinstance(value, str) else value))
    return list(found)


def _enrolments(ctx: Context, tracks: Sequence[str]) -> tuple[Enrolment, ...]:
    return tuple(Enrolment(one, len(ctx.catalog.tracks[one].lessons)) for one in tracks)


def _set_region(ctx: Context, region: str | None) -> None:
    """Its public holidays of this year and the next are written by jobs, once for everybody there."""
    ctx.store.people.set_region(ctx.actor.member, region)
    if region is not None:
        year = local_date(ctx.actor.zone, ctx.now).year
        for one in (year, year + 1):
            ctx.store.jobs.start("holidays", f"{region} {one}", ctx.now)


def _enrol(ctx: Context, learner: Learner) -> Answer:
    ctx.store.people.set_zone(learner.member, learner.zone)
    ctx.store.lessons.save(learner)
    ctx.store.lessons.replan(learner.member, ctx.now)
    said = ctx.say(
        "settings.saved",
        tracks=_track_names(ctx, learner),
        more=len(learner.tracks) > 1,
        time=clock_text(learner.minute),
        zone=learner.zone,
    )
    if _is_due_today(ctx, learner):
        said = (*said, Plain(" "), *ctx.say("settings.due_now"))
    if _is_paused(ctx, learner):
        said = (*said, Plain(" "), *ctx.say("settings.still_paused"))
    return Answer(inline=Message(clip(plain(said), SUMMARY_LIMIT), (Text(said), _change_button(ctx))))


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
    return Answer(
        inline=Message(plain(said), (Text(said), Buttons((Button("Start again", "settings.change", opens=True),))))
    )


def _defaults(ctx: Context) -> Learner:
    tracks = ctx.catalog.tracks
    track = DEFAULT_TRACK if DEFAULT_TRACK in tracks else next(iter(tracks), "")
    zone = ctx.actor.zone
    begun = _enrolments(ctx, [track]) if track in tracks else ()
    return Learner(member=ctx.actor.member, tracks=begun, zone=zone, minute=USUAL_MINUTE, days=WORKDAYS)


def _form(ctx: Context, now: Learner) -> Form:
    known = [one.track for one in now.tracks if one.track in ctx.catalog.tracks]
    tracks = tuple(
        Pick(id, clip(f"{one.name} ({len(one.lessons)} lessons)", 75)) for id, one in ctx.catalog.tracks.items()
    )
    roles = tuple(Pick(id, name) for id, name in ROLES.items())
    person = ctx.store.people.member(ctx.actor.member)
    no_streak = bool(ctx.store.people.flag(ctx.actor.member, "streak_off")) if person else False
    fields: tuple[FormField, ...] = (
        SelectInput(
            name="role",
            label="Your role",
            hint="Lessons say why they matter to you in the words of this role.",
            options=(Pick(ANY_ROLE, "Any role"), *roles),
            value=next(iter(now.roles), ANY_ROLE),
        ),
        SelectInput(
            name="track",
            label="Track",
            options=tracks,
            value=next(iter(known), None),
        ),
        TextInput(name="zone", label="Time zone or city", hint="For example Europe/Berlin or Nairobi", value=now.zone),
        TimeInput(name="time", label="Time of day", value=clock_text(now.minute)),
        MultiInput(
            name="days",
            label="Days",
            options=tuple(Pick(str(at), name) for at, name in enumerate(DAY_NAMES)),
            values=tuple(str(at) for at in range(7) if now.days >> at & 1),
        ),
        MultiInput(
            name="other_tracks",
            label="Further tracks",
            hint="They take turns with the first one, one lesson a day in all.",
            required=False,
            options=tracks,
            values=tuple(known[1:]),
        ),
        MultiInput(
            name="other_roles", label="Further roles", required=False, options=roles, values=tuple(now.roles[1:])
        ),
        TextInput(
            name="region",
            label="Region for public holidays",
            hint="For example DE-BE, FR or US-CA. No lessons come on its holidays.",
            required=False,
            value=(person.region if person else None) or "",
            max_length=10,
        ),
        SelectInput(
            name="streak",
            label="Days in a row",
            options=(Pick("on", "Show them in my progress"), Pick("off", "Do not count them")),
            value="off" if no_streak else "on",
        ),
    )
    return Form(id="settings.save", title="How you learn", fields=fields, intro=ctx.say("settings.intro"))


def _shown(ctx: Context, learner: Learner) -> list[Block]:
    roles = ", ".join(name for id, name in ROLES.items() if id in learner.roles) or "Any role"
    person = ctx.store.people.member(learner.member)
    days = ", ".join(name for at, name in enumerate(DAY_NAMES) if learner.days >> at & 1)
    now = ctx.now.astimezone(zone_named(learner.zone))
    zone = plain(ctx.say("settings.zone_now", zone=learner.zone, time=f"{now:%H:%M}"))
    rows = (
        ("Track", _track_names(ctx, learner)),
        ("Role", roles),
        ("Time zone", zone),
        ("Time", clock_text(learner.minute)),
        ("Days", days),
        ("Public holidays", (person.region if person else None) or plain(ctx.say("settings.no_region"))),
        ("State", plain(ctx.say("settings.state", paused=_is_paused(ctx, learner), until=_day(learner.paused_until)))),
    )
    return [
        Heading(plain(ctx.say("settings.title"))),
        Fields(tuple((label, (Plain(value),)) for label, value in rows)),
        _change_button(ctx),
        Note(ctx.say("settings.how_to_stop")),
    ]


def _day(day: date | None) -> str:
    return f"{day_words(day)} {day.year}" if day else ""


def _change_button(_ctx: Context) -> Buttons:
    return Buttons((Button("Change settings", "settings.change", opens=True),))


def _track_names(ctx: Context, learner: Learner) -> str:
    known = ctx.catalog.tracks
    return ", ".join(known[one.track].name if one.track in known else one.track for one in learner.tracks)


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
