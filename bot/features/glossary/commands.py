"""Look-ups answered from memory; suggesting, sharing and the list of misses touch the store."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.calendar import local_date
from bot.domain.conversation import Query
from bot.domain.deliveries import Outgoing
from bot.domain.people import Verb
from bot.errors import Refusal
from bot.features.glossary.editors import own_card, own_entries
from bot.features.glossary.screens import (
    NAME_LIMIT,
    OWN,
    entry_of,
    hits_card,
    look_up_form,
    missing_card,
    near_card,
    own_card_list,
    own_entry,
    suggestion_form,
    term_card,
    topic_card,
    topics_card,
)
from bot.messages import Message, Pick, Text, clip, plain
from bot.ports.catalog import Hit
from bot.router import Action, Answer, Command, Context, FormHandler, Needs, Typeahead, Values

PICKS = 20
HITS, OWN_HITS = 8, 4  # results of a search, and how many of them may be the company's own
SHARED_WITHIN = timedelta(hours=1)  # later than that the conversation has moved on


def define(ctx: Context, words: str) -> Answer:
    """One term, the company's own before the pack's; else what was probably meant; else what speaks of it.

    A miss is counted for the editors.
    """
    own = own_entries(ctx)
    if not words:
        return Answer(inline=topics_card(ctx.texts, ctx.catalog, len(own.entries)))
    how, ours = own.define(words)
    if how == "exact":
        return show(ctx, ours[0].id)
    found = ctx.catalog.define(words)
    if found.how == "exact":
        return show(ctx, found.terms[0].id)
    ctx.tally.miss(ctx.tenant, clip(words.casefold(), NAME_LIMIT))
    if "none" == how == found.how:
        return Answer(inline=missing_card(ctx.texts, words))
    best = "near" if "near" in (how, found.how) else "text"
    entries = [own_entry(one) for one in ours if how == best]
    entries += [entry_of(one) for one in found.terms if found.how == best]
    return Answer(inline=near_card(ctx.texts, words, entries, by_text=best == "text"))


def show(ctx: Context, id: str) -> Answer:
    own, term = own_entries(ctx).entries.get(id), ctx.catalog.terms.get(id)
    if own is not None:
        ctx.tally.look_up(ctx.tenant, own.id)
        return Answer(inline=own_card(ctx, own))
    if term is None:
        raise Refusal("app.expired")
    ctx.tally.look_up(ctx.tenant, term.id)
    in_channel = ctx.place.kind in {"channel", "group"}
    return Answer(inline=term_card(ctx.texts, ctx.catalog, term, ctx.now.date(), in_channel=in_channel))


def ask(_ctx: Context, _value: str) -> Answer:
    return Answer(opens=look_up_form())


def look_up(ctx: Context, values: Values, _ref: str) -> Answer:
    """The entry that was picked; words that were typed and not picked are looked up like any."""
    wanted = str(values.get("term", ""))
    if not wanted:
        return Answer(errors={"term": plain(ctx.say("glossary.term_missing"))})
    is_picked = wanted in ctx.catalog.terms or wanted in own_entries(ctx).entries
    return show(ctx, wanted) if is_picked else define(ctx, wanted)


def share(ctx: Context, id: str) -> Answer:
    """Post the short definition in the channel the look-up was made in; a second press on the same day posts nothing."""
    channel = ctx.store.people.channel_at(ctx.actor.workspace, ctx.place.id)
    is_there = id in ctx.catalog.terms or ctx.store.glossary.own(id) is not None
    if channel is None or not is_there:
        raise Refusal("glossary.not_shared")
    post = Outgoing(
        kind="glossary_shared",
        subject=channel.id,
        period=f"{id}+{local_date(channel.zone, ctx.now).isoformat()}",
        place=channel.id,
        expires_at=ctx.now + SHARED_WITHIN,
        payload={"term": id, "pack": ctx.catalog.version, "name": ctx.actor.name},
    )
    said = ctx.say("glossary.will_share")
    return Answer(inline=Message(plain(said), (Text(said),)), durable=(post,))


def browse(ctx: Context, words: str) -> Answer:
    """The topics, or the terms of one."""
    own = own_entries(ctx)
    wanted = words.casefold()
    if own.entries and wanted in {OWN, plain(ctx.say("glossary.own_topic")).casefold()}:
        return Answer(inline=own_card_list(ctx.texts, own))
    for id, topic in ctx.catalog.topics.items():
        if wanted in {id, topic.name.casefold()}:
            return Answer(inline=topic_card(ctx.texts, ctx.catalog, id))
    return Answer(inline=topics_card(ctx.texts, ctx.catalog, len(own.entries)))


def find(ctx: Context, words: str) -> Answer:
    """Full text over lessons, terms and quizzes; the company's own entries first, in the place of the pack's of that name."""
    if not words:
        raise Refusal("glossary.find_what")
    ours = own_entries(ctx).search(words, OWN_HITS)
    names = {one.term.casefold() for one in ours}
    found = [hit for hit in ctx.catalog.search(words) if hit.kind != "term" or hit.title.casefold() not in names]
    hits = [*(Hit("term", one.id, one.term, one.short) for one in ours), *found][:HITS]
    if not hits:
        return Answer(inline=missing_card(ctx.texts, words))
    return Answer(inline=hits_card(ctx.texts, words, hits))


def suggest(_ctx: Context, words: str) -> Answer:
    return Answer(opens=suggestion_form(clip(words, NAME_LIMIT)))


def take_suggestion(ctx: Context, values: Values, _ref: str) -> Answer:
    term, meaning = str(values.get("term", "")), str(values.get("meaning", ""))
    if not term:
        return Answer(errors={"term": plain(ctx.say("glossary.term_missing"))})
    ctx.store.glossary.suggest(ctx.ids(), clip(term, NAME_LIMIT), clip(meaning, 800), ctx.actor.member, ctx.now)
    said = ctx.say("glossary.suggested", term=clip(term, NAME_LIMIT))
    return Answer(inline=Message(plain(said), (Text(said),)))


def misses(ctx: Context, _words: str) -> Answer:
    """What people looked for in vain: counts, never names."""
    rows = [(one.words, one.asked) for one in ctx.store.glossary.misses()]
    said = ctx.say("glossary.misses", rows=rows)
    return Answer(inline=Message(plain(ctx.say("glossary.misses_title")), (Text(said),)))


def complete(ctx: Context, query: Query) -> Answer:
    """Typeahead: terms by prefix, of the same name only the company's own."""
    words = query.words.casefold().strip()
    known = [(term.term, term.id) for term in ctx.catalog.terms.values()]
    known += [(own.term, own.id) for own in own_entries(ctx).entries.values()]
    names = {name.casefold(): (name, id) for name, id in known if name.casefold().startswith(words)}
    return Answer(picks=tuple(Pick(id, clip(name, 75)) for name, id in sorted(names.values())[:PICKS]))


COMMANDS = (
    Command(
        name="define",
        run=define,
        needs=Needs.NOTHING,
        summary="What a term means, in three depths",
        words=("what is", "what's", "explain"),
        arguments="<term>",
        examples=("define drift", "define PSI", "what is a feature store"),
    ),
    Command(
        name="terms",
        run=browse,
        needs=Needs.NOTHING,
        summary="Browse the glossary by topic",
        words=("glossary",),
        arguments="[topic]",
        examples=("terms", "terms monitoring"),
    ),
    Command(
        name="find",
        run=find,
        needs=Needs.NOTHING,
        summary="Search lessons, terms and quizzes",
        words=("search",),
        arguments="<words>",
        examples=("find rollback",),
    ),
    Command(
        name="suggest",
        run=suggest,
        needs=Needs.NOTHING,
        summary="Suggest a term for the glossary",
        arguments="[term]",
        examples=("suggest feature flag",),
    ),
    Command(
        name="terms misses",
        run=misses,
        needs=Needs.READ,
        verb=Verb.AUTHOR,
        summary="What people looked for in vain",
        examples=("terms misses",),
    ),
)
ACTIONS = (
    Action(name="glossary.show", run=show, needs=Needs.NOTHING),
    Action(name="glossary.browse", run=browse, needs=Needs.NOTHING),
    Action(name="glossary.suggest", run=suggest, needs=Needs.NOTHING),
    Action(name="glossary.look_up", run=ask, needs=Needs.NOTHING),
    Action(name="glossary.share", run=share),
)
FORMS = (
    FormHandler(name="glossary.suggest", run=take_suggestion),
    FormHandler(name="glossary.look_up", run=look_up, needs=Needs.NOTHING),
)
TYPEAHEADS = (Typeahead(name="glossary.terms", run=complete),)
