"""For editors: the queue of suggestions and misses, and the company's own entries with everything they ever were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.people import Verb, authorize
from bot.errors import Refusal
from bot.messages import Block, Button, Buttons, Form, Heading, Message, Note, Text, TextInput, clip, plain
from bot.ports.catalog import OwnEntries
from bot.ports.glossary import OwnTerm, Suggestion
from bot.router import (
    Action,
    Answer,
    Command,
    Composed,
    Context,
    FormHandler,
    Kind,
    Needs,
    OnUnknown,
    Unread,
    Values,
    Work,
)

NAME_LIMIT, SHORT_LIMIT, PLAIN_LIMIT = 60, 140, 800
MISSES_SHOWN = 10
REVISIONS_SHOWN = 5


def own_id(words: str) -> str:
    """The id of the company's own entry of this name, in whatever case, and behind whatever article, it is asked for."""
    said = words.casefold().strip(" ?.!").split()
    if len(said) > 1 and said[0] in {"a", "an", "the"}:
        said = said[1:]
    return f"own:{clip(' '.join(said), NAME_LIMIT)}"


def own_entries(ctx: Context) -> OwnEntries:
    """The company's own entries: from memory, or once from the store when they have just changed."""
    known = ctx.catalogs.own(ctx.tenant)
    if known is not None:
        return known
    if ctx.parts is None:
        raise Unread
    return ctx.catalogs.keep_own(ctx.tenant, *ctx.store.glossary.entries())


def own_card(ctx: Context, entry: OwnTerm) -> Message:
    """An entry of the company's own, with the pack's of that name one press away; editors can change it or go back."""
    blocks: list[Block] = [Heading(entry.term), Text(ctx.say("glossary.own_words", text=entry.short))]
    if entry.plain:
        blocks.append(Text(ctx.say("glossary.plain", text=entry.plain)))
    blocks.append(Note(ctx.say("glossary.own_note")))
    packs = ctx.catalog.define(entry.term)
    buttons = [Button("In the glossary", "glossary.show", packs.terms[0].id)] if packs.how == "exact" else []
    if ctx.place.kind in {"channel", "group"}:
        buttons.append(Button("Share in channel", "glossary.share", entry.id))
    if authorize(ctx.actor, Verb.AUTHOR):
        buttons += [
            Button("Edit", "glossary.edit", entry.id, opens=True),
            Button("Earlier words", "glossary.revisions", entry.id),
        ]
    if buttons:
        blocks.append(Buttons(tuple(buttons)))
    return Message(clip(f"{entry.term}: {entry.short}", 300), tuple(blocks))


def queue(ctx: Context, _words: str) -> Answer:
    return Answer(inline=_queue(ctx, ()))


def _queue(ctx: Context, news: Sequence[Block]) -> Message:
    """The oldest suggestion with what can be done about it, and what was looked for in vain."""
    total, oldest = ctx.store.glossary.waiting()
    title = plain(ctx.say("glossary.queue_title"))
    blocks: list[Block] = [Heading(title), *news, Text(ctx.say("glossary.queue", total=total))]
    if oldest is not None:
        person = ctx.store.people.member(oldest.member)
        name = person.name if person else plain(ctx.say("glossary.somebody"))
        blocks.append(Text(ctx.say("glossary.proposed", term=oldest.term, meaning=oldest.meaning, name=name)))
        approve = [Button("Approve", "glossary.approve", oldest.id, style="primary")] if oldest.meaning else []
        more = (
            Button("Edit and approve", "glossary.edit", oldest.id, opens=True),
            Button("Refuse", "glossary.refuse", oldest.id),
        )
        blocks.append(Buttons((*approve, *more)))
    missed = ctx.store.glossary.misses(MISSES_SHOWN)
    if missed:
        blocks.append(Text(ctx.say("glossary.queue_misses", rows=[(one.words, one.asked) for one in missed])))
    return Message(title, tuple(blocks))


def _waiting(ctx: Context, id: str) -> Suggestion:
    found = ctx.store.glossary.suggestion(id)
    if found is None:
        raise Refusal("glossary.decided_before")
    return found


def approve(ctx: Context, id: str) -> Answer:
    """Take a suggestion in its own words."""
    one = _waiting(ctx, id)
    if ctx.catalog.define(one.term).how == "exact":
        raise Refusal("glossary.in_pack")
    return _taken(ctx, one, OwnTerm(id=own_id(one.term), term=one.term, short=clip(one.meaning, SHORT_LIMIT)))


def _taken(ctx: Context, one: Suggestion, entry: OwnTerm) -> Answer:
    if not ctx.store.glossary.decide(one.id, "approved", ctx.now):
        raise Refusal("glossary.decided_before")
    ctx.store.glossary.keep_own(entry, ctx.actor.member, ctx.now)
    shown = _queue(ctx, [Text(ctx.say("glossary.approved", term=entry.term))])
    return Answer(inline=shown, replace=True, durable=(_told(one, entry.term, taken=True),))


def refuse(ctx: Context, id: str) -> Answer:
    one = _waiting(ctx, id)
    if not ctx.store.glossary.decide(one.id, "refused", ctx.now):
        raise Refusal("glossary.decided_before")
    shown = _queue(ctx, [Text(ctx.say("glossary.refused", term=one.term))])
    return Answer(inline=shown, replace=True, durable=(_told(one, one.term, taken=False),))


def _told(one: Suggestion, term: str, *, taken: bool) -> Outgoing:
    payload = {"term": term, "taken": taken}
    return Outgoing(kind="glossary_decided", subject=one.id, period="once", member=one.member, payload=payload)


def edit(ctx: Context, id: str) -> Answer:
    """The form over a suggestion that waits, or over an entry of the company's own."""
    one, own = ctx.store.glossary.suggestion(id), ctx.store.glossary.own(id)
    if own is None and one is None:
        raise Refusal("glossary.decided_before")
    term, short, text = (
        (own.term, own.short, own.plain) if own else (one.term, one.meaning, "") if one else ("", "", "")
    )
    fields = (
        TextInput(name="term", label="Term", value=clip(term, NAME_LIMIT), max_length=NAME_LIMIT),
        TextInput(name="short", label="In one line", value=clip(short, SHORT_LIMIT), max_length=SHORT_LIMIT),
        TextInput(
            name="plain", label="In plain words", required=False, multiline=True, value=text, max_length=PLAIN_LIMIT
        ),
    )
    return Answer(opens=Form(id="glossary.entry", title="Glossary entry", fields=fields, ref=id))


def save(ctx: Context, values: Values, ref: str) -> Answer:
    """Approve a suggestion in other words, or change an entry there is."""
    term, short, text = (" ".join(str(values.get(name) or "").split()) for name in ("term", "short", "plain"))
    own = ctx.store.glossary.own(ref)
    errors = {
        name: plain(ctx.say("glossary.needed")) for name, value in (("term", term), ("short", short)) if not value
    }
    if own is not None and own_id(term) != own.id:
        errors["term"] = plain(ctx.say("glossary.name_stays"))
    if own is None and term and ctx.catalog.define(term).how == "exact":
        errors["term"] = plain(ctx.say("glossary.in_pack"))
    if errors:
        return Answer(errors=errors)
    entry = OwnTerm(
        id=own_id(term), term=clip(term, NAME_LIMIT), short=clip(short, SHORT_LIMIT), plain=clip(text, PLAIN_LIMIT)
    )
    if own is None:
        return _taken(ctx, _waiting(ctx, ref), entry)
    ctx.store.glossary.keep_own(entry, ctx.actor.member, ctx.now)
    return Answer(inline=own_card(ctx, entry))


def revisions(ctx: Context, id: str) -> Answer:
    """What an entry was before, each with a button back to it."""
    found = ctx.store.glossary.revisions(id)[: REVISIONS_SHOWN + 1]
    if not found:
        raise Refusal("app.expired")
    people = ctx.store.people.members([one.editor for one in found])
    rows = [
        (one.entry.rev, one.entry.short, people[one.editor].name if one.editor in people else "", f"{one.at:%d %B %Y}")
        for one in found
    ]
    said = Text(ctx.say("glossary.revisions", rows=rows))
    back = tuple(Button(f"Back to {one.entry.rev}", "glossary.back", f"{one.entry.rev}:{id}") for one in found[1:])
    title = plain(ctx.say("glossary.revisions_title", term=found[0].entry.term))
    return Answer(inline=Message(title, (Heading(title), said, *((Buttons(back),) if back else ()))))


def back(ctx: Context, value: str) -> Answer:
    """An earlier revision becomes the next one, so nothing that ever was is lost."""
    rev, _, id = value.partition(":")
    then = next((one.entry for one in ctx.store.glossary.revisions(id) if str(one.entry.rev) == rev), None)
    if then is None:
        raise Refusal("app.expired")
    now = ctx.store.glossary.keep_own(then, ctx.actor.member, ctx.now)
    return Answer(inline=own_card(ctx, msgspec.structs.replace(then, rev=now)))


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed]:
    return {one.id: Composed(_decided(work, one)) for one in deliveries}


def _decided(work: Work, one: Delivery) -> Message:
    said = work.say("glossary.decided", term=one.payload["term"], taken=one.payload["taken"])
    look = (
        (Buttons((Button("Read it", "glossary.show", own_id(one.payload["term"])),)),) if one.payload["taken"] else ()
    )
    return Message(clip(plain(said), 300), (Text(said), *look))


COMMANDS = (
    Command(
        name="terms suggestions",
        run=queue,
        needs=Needs.READ,
        verb=Verb.AUTHOR,
        summary="Decide on suggested terms; what was looked for in vain",
        words=("terms queue",),
        examples=("terms suggestions",),
    ),
)
ACTIONS = (
    Action(name="glossary.approve", run=approve, verb=Verb.AUTHOR),
    Action(name="glossary.refuse", run=refuse, verb=Verb.AUTHOR),
    Action(name="glossary.edit", run=edit, needs=Needs.READ, verb=Verb.AUTHOR),
    Action(name="glossary.revisions", run=revisions, needs=Needs.READ, verb=Verb.AUTHOR),
    Action(name="glossary.back", run=back, verb=Verb.AUTHOR),
)
FORMS = (FormHandler(name="glossary.entry", run=save, verb=Verb.AUTHOR),)
DECIDED = Kind(name="glossary_decided", compose=_compose, on_unknown=OnUnknown.HOLD)
