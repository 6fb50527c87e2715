"""People put into tracks by rules of their company: by the channel they join, their team, role or region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.domain.calendar import clock_text, local_date, zone_named
from bot.domain.cohorts import Cohort, Rule, tracks_for
from bot.domain.holidays import region_named
from bot.domain.linking import PLATFORMS
from bot.domain.pack import ROLES
from bot.domain.people import Verb
from bot.domain.tracks import Enrolment
from bot.domain.waves import Wave, rounded, waves
from bot.errors import Refusal
from bot.messages import (
    OPTIONS_LIMIT,
    TABLE_ROWS,
    Block,
    Button,
    Buttons,
    Choice,
    Form,
    Heading,
    Message,
    MultiInput,
    Note,
    Pick,
    SelectInput,
    Spans,
    Table,
    Text,
    TextInput,
    clip,
    plain,
)
from bot.ports.people import Channel
from bot.router import (
    Action,
    Answer,
    Command,
    Context,
    Done,
    Feature,
    FormHandler,
    Job,
    Needs,
    Next,
    Values,
    Window,
    Work,
)

PAGE = 100  # members looked at in a step, about four milliseconds
PUT = 5  # members put into tracks in a step: each costs the writer about two milliseconds
IN_A_ROW = 5  # buttons
MOST_WAVES = 3  # told, the largest first
KINDS: tuple[Cohort, ...] = ("team", "role", "region")

FEATURE = Feature(name="cohorts")


def show(ctx: Context, _words: str) -> Answer:
    """The rules there are, each with a button that ends it, and one to add another."""
    return Answer(inline=_shown(ctx, ()))


def _shown(ctx: Context, news: Sequence[Block]) -> Message:
    rules, here = ctx.store.cohorts.rules()[:OPTIONS_LIMIT], _here(ctx)
    title = plain(ctx.say("cohorts.title"))
    columns = tuple(plain(ctx.say("cohorts.columns")).split(" | "))
    rows = [(str(at), _who(ctx, one), _track(ctx, one.track)) for at, one in enumerate(rules, start=1)]
    listed: list[Block] = [Table(columns, tuple(rows[:TABLE_ROWS])), *_ends(rules, rows)]
    if not rows:
        listed = [Text(ctx.say("cohorts.none"))]
    add = Buttons((Button("Add a rule", "cohorts.add", here.id if here else "", opens=True),))
    return Message(title, (Heading(title), *news, *listed, add, *_waves(ctx), Note(ctx.say("cohorts.note"))))


def _ends(rules: Sequence[Rule], rows: Sequence[tuple[str, str, str]]) -> list[Block]:
    """A button for each rule; of more than the table holds, a select that names them."""
    values = [f"{one.what}:{one.track}:{one.which}" for one in rules]
    if len(rules) > TABLE_ROWS:
        picks = tuple(
            Pick(value, clip(f"{at}. {who}: {track}", 75)) for value, (at, who, track) in zip(values, rows, strict=True)
        )
        return [Choice("End a rule", "cohorts.end", picks)]
    ends = [Button(f"End {at}", "cohorts.end", value) for at, value in enumerate(values, start=1)]
    return [Buttons(tuple(ends[at : at + IN_A_ROW]), "End a rule") for at in range(0, len(ends), IN_A_ROW)]


def _waves(ctx: Context) -> list[Block]:
    """What happens where so many people have chosen one time that it takes a while to serve them."""
    day = local_date(ctx.actor.zone, ctx.now)
    found = [
        (one, platform)
        for platform, crowds in ctx.store.cohorts.crowds()
        for one in waves(crowds, platform, day)[:MOST_WAVES]
    ]
    found.sort(key=lambda pair: -pair[0].crowd.people)
    return [Text(_told(ctx, one, platform)) for one, platform in found[:MOST_WAVES]]


def _told(ctx: Context, wave: Wave, platform: str) -> Spans:
    zone = wave.crowd.zone
    return ctx.say(
        "cohorts.wave",
        people=f"{rounded(wave.crowd.people):,}",
        time=clock_text(wave.crowd.minute),
        zone=zone,
        platform=PLATFORMS.get(platform, platform),
        last=f"{wave.told_end.astimezone(zone_named(zone)):%H:%M}",
    )


def _here(ctx: Context) -> Channel | None:
    if ctx.place.kind == "direct":
        return None
    return ctx.store.people.channel_at(ctx.actor.workspace, ctx.place.id)


def _who(ctx: Context, rule: Rule) -> str:
    name = rule.which
    if rule.what == "channel":
        channel = ctx.store.people.channel(rule.which)
        name = channel.name if channel else rule.which
    elif rule.what == "team":
        name = next((one.name for one in ctx.store.people.teams() if one.id == rule.which), rule.which)
    elif rule.what == "role":
        name = next((name for id, name in ROLES.items() if id == rule.which), rule.which)
    return plain(ctx.say("cohorts.who", what=rule.what, name=name))


def _track(ctx: Context, track: str) -> str:
    known = ctx.catalog.tracks.get(track)
    return known.name if known else track


def add(ctx: Context, channel_id: str) -> Answer:
    """The form; in a channel it begins with the people who join that channel."""
    channel = ctx.store.people.channel(channel_id) if channel_id else None
    kinds = [Pick(one, plain(ctx.say("cohorts.kind", what=one))) for one in KINDS]
    if channel is not None:
        kinds.insert(0, Pick("channel", clip(plain(ctx.say("cohorts.kind_channel", name=channel.name)), 75)))
    tracks = tuple(Pick(id, clip(one.name, 75)) for id, one in ctx.catalog.tracks.items())
    form = Form(
        id="cohorts.save",
        title="Enrol people",
        submit="Add",
        ref=channel.id if channel else "",
        intro=ctx.say("cohorts.intro", in_channel=channel is not None),
        fields=(
            SelectInput(name="what", label="Who", options=tuple(kinds), value=kinds[0].value),
            TextInput(
                name="which",
                label="Which team, role or region",
                hint="For example Platform, Data scientist or DE-BE. Leave it empty for a channel.",
                required=False,
            ),
            MultiInput(name="tracks", label="Tracks", options=tracks),
        ),
    )
    return Answer(opens=form)


def save(ctx: Context, values: Values, ref: str) -> Answer:
    """Write the rules, and start putting people in."""
    picked = values.get("tracks") or []
    tracks = dict.fromkeys([picked] if isinstance(picked, str) else picked)
    what, which = _cohort(ctx, str(values.get("what", "")), str(values.get("which") or ""), ref)
    errors: dict[str, str] = {}
    if not tracks or not set(tracks) <= set(ctx.catalog.tracks):
        errors["tracks"] = plain(ctx.say("cohorts.pick_one"))
    if what is None:
        errors["what"] = plain(ctx.say("cohorts.pick_one"))
    elif which is None:
        errors["which"] = clip(plain(ctx.say("cohorts.unknown", what=what, names=_names(ctx, what))), 150)
    if errors or what is None or which is None:
        return Answer(errors=errors)
    for track in tracks:
        ctx.store.cohorts.add_rule(Rule(what, which, track))
    if what != "channel":
        ctx.store.jobs.start("cohorts", ctx.ids(), ctx.now)
    said = Text(ctx.say("cohorts.saved", who=_who(ctx, Rule(what, which, "")), what=what))
    return Answer(inline=_shown(ctx, [said]))


def _cohort(ctx: Context, what: str, words: str, ref: str) -> tuple[Cohort | None, str | None]:
    """What was meant, as an id; None for the part that is not known."""
    said = words.strip().casefold()
    match what:
        case "channel":
            channel = ctx.store.people.channel(ref)
            return ("channel", channel.id) if channel else (None, None)
        case "team":
            teams = (one.id for one in ctx.store.people.teams() if said in {one.id.casefold(), one.name.casefold()})
            return "team", next(teams, None)
        case "role":
            return "role", next((id for id, name in ROLES.items() if said in {id, name.casefold()}), None)
        case "region":
            return "region", region_named(words.strip())
        case _:
            return None, None


def _names(ctx: Context, what: Cohort) -> str:
    names: Iterable[str] = ROLES.values() if what == "role" else ()
    if what == "team":
        names = (one.name for one in ctx.store.people.teams())
    return ", ".join(names)


def end(ctx: Context, value: str) -> Answer:
    """End a rule. Whom it has put into a track stays there until they leave."""
    what, _, rest = value.partition(":")
    track, _, which = rest.partition(":")
    rule = next(
        (one for one in ctx.store.cohorts.rules() if (one.what, one.track, one.which) == (what, track, which)), None
    )
    if rule is None or not ctx.store.cohorts.remove_rule(rule):
        raise Refusal("app.expired")
    said = Text(ctx.say("cohorts.ended", who=_who(ctx, rule), track=_track(ctx, track)))
    return Answer(inline=_shown(ctx, [said]), replace=True)


def arrived(ctx: Context) -> None:
    """Somebody joined a place: the rules of that channel, and those about who they are."""
    rules, here = ctx.store.cohorts.rules(), _here(ctx)
    if not rules:
        return
    member = ctx.actor.member
    person = ctx.store.cohorts.person(member)
    tracks = tracks_for(person, rules, ctx.catalog.tracks) if person else []
    tracks += [one.track for one in rules if here and one.what == "channel" and one.which == here.id]
    _put(ctx, member, tracks, ctx.actor.zone)


def _put(work: Work, member: str, tracks: Iterable[str], zone: str) -> None:
    known = work.catalog.tracks
    places = [Enrolment(one, len(known[one].lessons)) for one in dict.fromkeys(tracks) if one in known]
    work.store.cohorts.put(member, places, zone)


def _plan(work: Work, window: Window) -> None:
    """Once a day: people have come, moved to another team, or chosen another role."""
    if any(one.what != "channel" for one in work.store.cohorts.rules()):
        work.store.jobs.start("cohorts", window.end.date().isoformat(), work.now)


def _step(work: Work, _period: str, cursor: Mapping[str, Any]) -> Next | Done:
    """A page of members, or the part of it in which enough of them were put into tracks."""
    rules, known = work.store.cohorts.rules(), work.catalog.tracks
    people = work.store.cohorts.people(str(cursor.get("after", "")), PAGE)
    put = int(cursor.get("put", 0))
    for count, one in enumerate(people, start=1):
        tracks = tracks_for(one, rules, known)
        if tracks:
            _put(work, one.id, tracks, work.store.people.zone_in_force(one.id))
            put += 1
        if tracks and put % PUT == 0 and count < len(people):
            return Next({"after": one.id, "put": put}, f"{put} put into tracks")
    if len(people) < PAGE:
        return Done()
    return Next({"after": people[-1].id, "put": put}, f"{put} put into tracks")


FEATURE.commands.append(
    Command(
        name="admin enrol",
        run=show,
        needs=Needs.READ,
        summary="Who is put into which track: by channel, team, role or region",
        words=("admin enroll",),
        examples=("admin enrol",),
        verb=Verb.ADMINISTER,
    )
)
FEATURE.actions += [
    Action(name="cohorts.add", run=add, needs=Needs.READ, verb=Verb.ADMINISTER),
    Action(name="cohorts.end", run=end, verb=Verb.ADMINISTER),
]
FEATURE.forms.append(FormHandler(name="cohorts.save", run=save, verb=Verb.ADMINISTER))
FEATURE.jobs.append(Job(name="cohorts", step=_step, plan=_plan))
FEATURE.arrived = arrived
