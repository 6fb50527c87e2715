"""Look-ups answered from memory; suggesting, sharing and the list of misses touch the store."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.calendar import local_date
from bot.domain.conversation import Query
from bot.domain.deliveries import Outgoing
from bot.domain.people import Verb
from bot.errors import Refusal
from bot.features.glossary.editors import own_card, own_id
from bot.features.glossary.screens import (
    NAME_LIMIT,
    hits_card,
    missing_card,
    near_card,
    suggestion_form,
    term_card,
    topic_card,
    topics_card,
)
from bot.messages import Message, Pick, Text, clip, plain
from bot.router import Action, Answer, Command, Context, FormHandler, Needs, Typeahead, Unread, Values

PICKS = 20
SHARED_WITHIN = timedelta(hours=1)  # later than that the conversation has moved on


def define(ctx: Context, words: str) -> Answer:
    """One term; else what was probably meant; else what speaks of it. A miss is counted for the editors."""
    if not words:
        return Answer(inline=topics_card(ctx.texts, ctx.catalog))
    found = ctx.catalog.define(words)
    if found.how == "exact":
        return show(ctx, found.terms[0].id)
    if ctx.parts is None:
        raise Unread  # the company may have an entry of its own
    own = ctx.store.glossary.own(own_id(words))
    if own is not None:
        return Answer(inline=own_card(ctx, own))
    ctx.tally.miss(ctx.tenant, clip(words.casefold(), NAME_LIMIT))
    if found.how == "none":
        return Answer(inline=missing_card(ctx.texts, words))
    return Answer(inline=near_card(ctx.texts, words, found.terms, by_text=found.how == "text"))


def show(ctx: Context, id: str) -> Answer:
    term = ctx.catalog.terms.get(id)
    if term is None and ctx.parts is None:
        raise Unread
    if term is None:
        own = ctx.store.glossary.own(id)
        if own is None:
            raise Refusal("app.expired")
        return Answer(inline=own_card(ctx, own))
    ctx.tally.look_up(ctx.tenant, term.id)
    in_channel = ctx.place.kind in {"channel", "group"}
    return Answer(inline=term_card(ctx.texts, ctx.catalog, term, ctx.now.date(), in_channel=in_channel))


def share(ctx: Context, id: str) -> Answer:
    """Post the short definition in the channel the look-up was made in; a second press on the same day posts nothing."""
    channel = ctx.store.people.channel_at(ctx.actor.workspace, ctx.place.id)
    if channel is None or id not in ctx.catalog.terms:
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
    if not words:
        return Answer(inline=topics_card(ctx.texts, ctx.catalog))
    wanted = words.casefold()
    for id, topic in ctx.catalog.topics.items():
        if wanted in {id, topic.name.casefold()}:
            return Answer(inline=topic_card(ctx.texts, ctx.catalog, id))
    return Answer(inline=topics_card(ctx.texts, ctx.catalog))


def find(ctx: Context, words: str) -> Answer:
    """Full text over lessons, terms and quizzes."""
    if not words:
        raise Refusal("glossary.find_what")
    hits = ctx.catalog.search(words)
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
    """Typeahead: terms by prefix."""
    words = query.words.casefold().strip()
    names = sorted(
        (term.term, term.id) for term in ctx.catalog.terms.values() if term.term.casefold().startswith(words)
    )
    return Answer(picks=tuple(Pick(id, clip(name, 75)) for name, id in names[:PICKS]))


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
    Action(name="glossary.share", run=share),
)
FORMS = (FormHandler(name="glossary.suggest", run=take_suggestion),)
TYPEAHEADS = (Typeahead(name="glossary.terms", run=complete),)
