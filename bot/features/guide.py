"""Help: what one can say, and what was probably meant."""

from __future__ import annotations

from bot.domain.people import authorize
from bot.domain.words import nearest
from bot.errors import Refusal
from bot.messages import Block, Button, Buttons, Heading, Message, Note, Text, clip, plain
from bot.router import Action, Answer, Command, Context, Feature, Needs

FEATURE = Feature(name="guide")
ECHO_LIMIT = 60


def unknown(ctx: Context, words: str) -> Answer:
    """Words nobody declared: the closest commands, never silence."""
    first = next(iter(words.split(maxsplit=1)), "")
    names = nearest(first, [one.name for one in ctx.table.listed if _allowed(ctx, one)])
    said = ctx.say("guide.unknown", words=clip(words.split("\n", maxsplit=1)[0], ECHO_LIMIT))
    blocks: list[Block] = [Text(said)]
    if names:
        blocks.append(Text(ctx.say("guide.nearest", names=", ".join(names))))
    blocks.append(Buttons((*(Button(name, "guide.run", name) for name in names), Button("All commands", "guide.help"))))
    return Answer(inline=Message(plain(said), tuple(blocks)))


def guide(ctx: Context, words: str) -> Answer:
    """Every command the actor may use, or one command in full."""
    if words:
        found = ctx.table.find(words)
        # What somebody may not use is, for them, not there.
        return _one(ctx, found[0]) if found and _allowed(ctx, found[0]) else unknown(ctx, words)
    lines = [
        Text(ctx.say("guide.line", usage=_usage(one), summary=one.summary))
        for one in ctx.table.listed
        if _allowed(ctx, one)
    ]
    title = plain(ctx.say("guide.title"))
    return Answer(inline=Message(title, (Heading(title), *lines, Note(ctx.say("guide.how")))))


def _one(ctx: Context, command: Command) -> Answer:
    blocks: list[Block] = [
        Heading(_usage(command)),
        Text(ctx.say("guide.summary", summary=command.summary)),
    ]
    if command.words:
        blocks.append(Text(ctx.say("guide.also", words=", ".join(command.words))))
    if command.examples:
        blocks.append(Text(ctx.say("guide.examples", examples=list(command.examples))))
    return Answer(inline=Message(f"{command.name}: {command.summary}", tuple(blocks)))


def _usage(command: Command) -> str:
    return f"{command.name} {command.arguments}".strip()


def _allowed(ctx: Context, command: Command) -> bool:
    return authorize(ctx.actor, command.verb)


def _run(ctx: Context, name: str) -> Answer:
    """A suggested command was pressed: what it needs is not known beforehand, so it gets a transaction."""
    found = ctx.table.find(name)
    if found is None:
        return unknown(ctx, name)
    command, rest = found
    if not _allowed(ctx, command):
        raise Refusal("app.forbidden")
    return command.run(ctx, rest)


def _unpicked(_ctx: Context, _value: str) -> Answer:
    """The button beside a select was pressed and nothing is picked in it."""
    raise Refusal("guide.unpicked")


FEATURE.commands.append(
    Command(
        name="help",
        run=guide,
        summary="What you can ask me, or how one command works",
        needs=Needs.NOTHING,
        words=("hi", "hello", "hey", "?", "commands"),
        arguments="[command]",
        examples=("help", "help define"),
    )
)
FEATURE.actions += [
    Action(name="guide.run", run=_run, needs=Needs.WRITE),
    Action(name="guide.help", run=lambda ctx, _value: guide(ctx, ""), needs=Needs.NOTHING),
    Action(name="guide.unpicked", run=_unpicked, needs=Needs.NOTHING),
]
