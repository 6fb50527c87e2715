"""What is stored about the person who asks, who can see it, a copy of it, and how to have it erased."""

from __future__ import annotations

import dataclasses
import json

import msgspec

from bot.domain.people import Verb
from bot.domain.settings import LEAST_GROUP, MOST_GROUP
from bot.errors import Refusal
from bot.messages import (
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Fields,
    File,
    Form,
    Heading,
    MemberInput,
    Message,
    Note,
    Plain,
    Text,
    clip,
    plain,
)
from bot.router import Action, Answer, Command, Context, Feature, FormHandler, Needs, Values

FIELDS_LIMIT = 10
VALUE_LIMIT = 300
FILE_NAME = "mlops-coach-my-data.json"

FEATURE = Feature(name="privacy")


def privacy(ctx: Context, _words: str) -> Answer:
    """Every fact that the features store about the actor, in the actor's own words and zone."""
    facts = [*_own(ctx), *(fact for one in ctx.table.features if one.facts is not None for fact in one.facts(ctx))]
    title = plain(ctx.say("privacy.title"))
    rows = tuple((label, (Plain(clip(value, VALUE_LIMIT)),)) for label, value in facts)
    blocks: list[Block] = [Heading(title)]
    blocks += [Fields(rows[at : at + FIELDS_LIMIT]) for at in range(0, len(rows), FIELDS_LIMIT)]
    floor = ctx.store.people.settings().group_floor
    blocks += [Text(ctx.say(f"privacy.{part}", floor=floor)) for part in ("who_sees", "kept", "beside")]
    copy = Button(plain(ctx.say("privacy.export_label")), "privacy.export")
    gone = Button(plain(ctx.say("privacy.erase_label")), "privacy.ask_erase")
    blocks += [Buttons((copy, gone)), Note(ctx.say("privacy.stop"))]
    return Answer(inline=Message(title, tuple(blocks)))


def _own(ctx: Context) -> list[tuple[str, str]]:
    """The member row itself."""
    person = ctx.store.people.member(ctx.actor.member)
    if person is None:
        return []
    teams = {team.id: team.name for team in ctx.store.people.teams()}
    roles = ", ".join(sorted(role.value for role in ctx.actor.roles))
    return [
        (plain(ctx.say("privacy.label_name")), person.name),
        (plain(ctx.say("privacy.label_zone")), ctx.actor.zone),
        (plain(ctx.say("privacy.label_team")), teams.get(person.team or "", plain(ctx.say("privacy.none")))),
        (plain(ctx.say("privacy.label_roles")), roles or plain(ctx.say("privacy.none"))),
    ]


def export(ctx: Context, _words: str) -> Answer:
    """Everything about the actor, row by row, as a file."""
    found = ctx.store.privacy.export(ctx.actor.member)
    document = {"about": ctx.actor.name, "made_at": ctx.now.isoformat(), "records": found}
    body = json.dumps(document, indent=1, ensure_ascii=False, default=str).encode()
    said = ctx.say("privacy.exported", records=sum(map(len, found.values())))
    return Answer(inline=Message(plain(said), (Text(said), File(FILE_NAME, "application/json", body))))


def ask_erase(ctx: Context, _words: str) -> Answer:
    """What erasing means, before anything happens."""
    title = plain(ctx.say("privacy.erase_title"))
    yes = Button(plain(ctx.say("privacy.erase_yes")), "privacy.erase", style="danger")
    copy = Button(plain(ctx.say("privacy.export_label")), "privacy.export")
    return Answer(inline=Message(title, (Heading(title), Text(ctx.say("privacy.erase_what")), Buttons((yes, copy)))))


def erase(ctx: Context, _value: str) -> Answer:
    """Erase the actor. The answer is the last word to them."""
    return _erased(ctx, ctx, "privacy.erased")


def ask_erase_for(ctx: Context, words: str) -> Answer:
    """For somebody who left, or who asked: by the exact name, or their id at the platform."""
    wanted = words.strip().strip("<>@").split("|")[0].strip()
    if not wanted:
        return Answer(opens=_whom(ctx))
    people = ctx.store.privacy.found(wanted, ctx.actor.workspace)
    if len(people) != 1:
        raise Refusal("privacy.erase_nobody" if not people else "privacy.erase_several", who=clip(wanted, 80))
    ((id, name),) = people
    return _sure(ctx, id, name)


def _whom(ctx: Context) -> Form:
    who = MemberInput(name="who", label="Who")
    return Form(
        id="privacy.erase_who",
        title="Erase somebody",
        fields=(who,),
        submit="Go on",
        intro=ctx.say("privacy.erase_whom"),
    )


def picked(ctx: Context, values: Values, _ref: str) -> Answer:
    """Somebody was picked from everybody the platform knows; most of them may never have met us."""
    who = values.get("who")
    people = ctx.store.privacy.found(who, ctx.actor.workspace) if isinstance(who, str) and who else []
    if len(people) != 1:
        return Answer(errors={"who": plain(ctx.say("privacy.erase_unmet"))})
    return _sure(ctx, *people[0])


def _sure(ctx: Context, id: str, name: str) -> Answer:
    title = plain(ctx.say("privacy.erase_title"))
    yes = Button(plain(ctx.say("privacy.erase_yes")), "privacy.erase_for", id, style="danger")
    said = ctx.say("privacy.erase_for_what", name=name)
    return Answer(inline=Message(title, (Heading(title), Text(said), Buttons((yes,)))))


def erase_for(ctx: Context, member: str) -> Answer:
    """Erase somebody else, as an administrator."""
    person = ctx.store.people.member(member)
    if person is None:
        raise Refusal("privacy.erase_gone")
    whose = msgspec.structs.replace(
        ctx.actor, member=person.id, account="", name=person.name, roles=frozenset(), team=person.team, manages=()
    )
    return _erased(ctx, dataclasses.replace(ctx, actor=whose), "privacy.erased_for")


def _erased(ctx: Context, theirs: Context, key: str) -> Answer:
    """Tell those who had something with them, then erase. A call under way may still arrive, and that is said."""
    others = [one for feature in ctx.table.features if feature.left for one in feature.left(theirs)]
    under_way = ctx.store.privacy.erase(theirs.actor.member, ctx.ids(), ctx.now)
    said = ctx.say(key, under_way=under_way)
    return Answer(inline=Message(clip(plain(said), SUMMARY_LIMIT), (Text(said),)), replace=True, durable=tuple(others))


def groups(ctx: Context, words: str) -> Answer:
    """Without words how small a group may be that figures are shown of; with a number it is that many from now on."""
    said, within = words.strip(), {"least": LEAST_GROUP, "most": MOST_GROUP}
    if not said:
        told = ctx.say("privacy.groups", floor=ctx.store.people.settings().group_floor, **within)
        return Answer(inline=Message(plain(told), (Text(told),)))
    is_number = said.isascii() and said.isdecimal() and len(said) <= 3
    if not (is_number and LEAST_GROUP <= int(said) <= MOST_GROUP):
        raise Refusal("privacy.groups_unknown", words=clip(words, 60), **within)
    ctx.store.people.change_settings(group_floor=int(said))
    told = ctx.say("privacy.groups_set", floor=int(said))
    return Answer(inline=Message(plain(told), (Text(told),)))


FEATURE.commands += [
    Command(
        name="privacy",
        run=privacy,
        needs=Needs.READ,
        summary="What is stored about you, and who sees it",
        words=("my data",),
        examples=("privacy",),
    ),
    Command(
        name="privacy export",
        run=export,
        needs=Needs.READ,
        summary="Everything that is stored about you, as a file",
        examples=("privacy export",),
        listed=False,
    ),
    Command(
        name="privacy erase",
        run=ask_erase,
        needs=Needs.NOTHING,
        summary="Erase everything about you",
        words=("erase me",),
        examples=("privacy erase",),
        listed=False,
    ),
    Command(
        name="admin erase",
        run=ask_erase_for,
        needs=Needs.READ,
        verb=Verb.ADMINISTER,
        arguments="[name]",
        summary="Erase everything about somebody who left or asked for it",
        examples=("admin erase Kim Doe",),
        listed=False,
    ),
    Command(
        name="admin groups",
        run=groups,
        needs=Needs.WRITE,
        verb=Verb.ADMINISTER,
        arguments="[people]",
        summary="The smallest group that figures are shown of",
        examples=("admin groups", "admin groups 8"),
    ),
]
FEATURE.actions += [
    Action(name="privacy.export", run=export, needs=Needs.READ),
    Action(name="privacy.ask_erase", run=ask_erase, needs=Needs.NOTHING),
    Action(name="privacy.erase", run=erase),
    Action(name="privacy.erase_for", run=erase_for, verb=Verb.ADMINISTER),
]
FEATURE.forms.append(
    FormHandler(name="privacy.erase_who", run=picked, needs=Needs.READ, verb=Verb.ADMINISTER),
)
