"""What is stored about the person who asks, who can see it, and how to stop."""

from __future__ import annotations

from bot.messages import Block, Fields, Heading, Message, Note, Plain, Text, clip, plain
from bot.router import Answer, Command, Context, Feature, Needs

FIELDS_LIMIT = 10
VALUE_LIMIT = 300

FEATURE = Feature(name="privacy")


def privacy(ctx: Context, _words: str) -> Answer:
    """Every fact that the features store about the actor, in the actor's own words and zone."""
    facts = [*_own(ctx), *(fact for one in ctx.table.features if one.facts is not None for fact in one.facts(ctx))]
    title = plain(ctx.say("privacy.title"))
    rows = tuple((label, (Plain(clip(value, VALUE_LIMIT)),)) for label, value in facts)
    blocks: list[Block] = [Heading(title)]
    blocks += [Fields(rows[at : at + FIELDS_LIMIT]) for at in range(0, len(rows), FIELDS_LIMIT)]
    blocks += [Text(ctx.say("privacy.who_sees")), Text(ctx.say("privacy.kept")), Note(ctx.say("privacy.stop"))]
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


FEATURE.commands.append(
    Command(
        name="privacy",
        run=privacy,
        needs=Needs.READ,
        summary="What is stored about you, and who sees it",
        words=("my data",),
        examples=("privacy",),
    )
)
