"""A term at three depths, near misses, and the list of everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from bot import markdown
from bot.domain.pack import Term
from bot.messages import (
    BUTTONS_LIMIT,
    LABEL_LIMIT,
    OPTIONS_LIMIT,
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Choice,
    Code,
    Form,
    Heading,
    Message,
    Note,
    Pick,
    Plain,
    SearchInput,
    Spans,
    Text,
    TextInput,
    clip,
    plain,
)
from bot.ports.catalog import Catalog, Hit, OwnEntries
from bot.ports.glossary import OwnTerm
from bot.ports.texts import Texts

Entry = tuple[str, str, Spans]  # id, name and short line, of the pack or of the company's own
NAME_LIMIT = 60
NEAR = 3
OWN = "own"  # browsed like a topic
LINES = 60  # what a message holds in every case; the rest are among the picks


def term_card(texts: Texts, catalog: Catalog, term: Term, today: date, *, in_channel: bool) -> Message:
    """Everything about a term, the short line first. ``in_channel`` offers to share it there."""
    is_old = date.fromisoformat(term.reviewed) + timedelta(days=term.review_every) < today
    lessons = tuple(catalog.lessons[id].title for id in term.lessons if id in catalog.lessons)
    related = tuple((id, catalog.terms[id].term) for id in term.see if id in catalog.terms)
    return _made(texts.render, term, lessons, related, is_old, in_channel)


# The same few terms are looked up again and again, and everything they are made of is given here.
@lru_cache(maxsize=1_000)
def _made(
    render: Callable[..., Spans],
    term: Term,
    lessons: tuple[str, ...],
    related: tuple[tuple[str, str], ...],
    is_old: bool,
    in_channel: bool,
) -> Message:
    blocks: list[Block] = [
        Heading(clip(term.term, 150)),
        Text(markdown.spans(term.short)),
        Text(render("glossary.plain", text=markdown.spans(term.plain))),
        Text(render("glossary.precise", text=markdown.spans(term.precise))),
    ]
    if term.formula:
        blocks.append(Code(term.formula))
    if term.example:
        blocks.append(Text(render("glossary.example", text=markdown.spans(term.example))))
    if term.not_this:
        blocks.append(Text(render("glossary.not_this", text=markdown.spans(term.not_this))))
    blocks += _footnotes(render, term, lessons, is_old=is_old)
    blocks += _onward(term, related, in_channel=in_channel)
    return Message(clip(f"{term.term}: {plain(markdown.spans(term.short))}", SUMMARY_LIMIT), tuple(blocks))


def _footnotes(render: Callable[..., Spans], term: Term, lessons: tuple[str, ...], *, is_old: bool) -> list[Block]:
    notes: list[Block] = []
    if term.note:
        notes.append(Note(render("glossary.note", note=markdown.spans(term.note))))
    if term.aliases:
        notes.append(Note(render("glossary.aliases", names=", ".join(term.aliases))))
    if lessons:
        notes.append(Note(render("glossary.lessons", titles=lessons)))
    if is_old:
        notes.append(Note(render("glossary.stale", day=term.reviewed)))
    return notes


def _onward(term: Term, related: tuple[tuple[str, str], ...], *, in_channel: bool) -> list[Block]:
    buttons = [Button(clip(name, LABEL_LIMIT), "glossary.show", id) for id, name in related[: BUTTONS_LIMIT - 1]]
    if in_channel:
        buttons.append(Button("Share in channel", "glossary.share", term.id))
    return [Buttons(tuple(buttons), "" if in_channel else "Related words")] if buttons else []


def shared_card(texts: Texts, entry: Entry, name: str) -> Message:
    """What a channel sees when somebody shares a term."""
    _, term, short = entry
    blocks = (Heading(clip(term, 150)), Text(short), Note(texts.render("glossary.shared", name=name)))
    return Message(clip(f"{term}: {plain(short)}", SUMMARY_LIMIT), blocks)


def is_own(id: str) -> bool:
    """Whether an id is one of the company's own entries rather than one of a pack."""
    return id.startswith("own:")


def entry_of(term: Term) -> Entry:
    return term.id, term.term, markdown.spans(term.short)


def own_entry(own: OwnTerm) -> Entry:
    """What somebody typed is never markup."""
    return own.id, own.term, (Plain(own.short),)


def near_card(texts: Texts, words: str, entries: Sequence[Entry], *, by_text: bool) -> Message:
    """No entry of that name: at most three that may be meant, or that speak of it."""
    said = texts.render("glossary.in_text" if by_text else "glossary.near", words=clip(words, NAME_LIMIT))
    buttons = tuple(Button(clip(name, LABEL_LIMIT), "glossary.show", id) for id, name, _ in entries[:NEAR])
    lines = texts.render("glossary.near_lines", terms=[(name, short) for _, name, short in entries[:NEAR]])
    suggest = Buttons((Button("Suggest a term", "glossary.suggest", clip(words, NAME_LIMIT), opens=True),))
    return Message(plain(said), (Text(said), Text(lines), Buttons(buttons), suggest))


def missing_card(texts: Texts, words: str) -> Message:
    said = texts.render("glossary.missing", words=clip(words, NAME_LIMIT))
    suggest = Button("Suggest a term", "glossary.suggest", clip(words, NAME_LIMIT), opens=True)
    return Message(plain(said), (Text(said), Buttons((suggest, Button("Browse terms", "glossary.browse")))))


def topics_card(texts: Texts, catalog: Catalog, own: int) -> Message:
    """The topics that have terms, to pick one; the company's own entries are one of them, ``own`` of them."""
    counts = {id: sum(term.topic == id for term in catalog.terms.values()) for id in catalog.topics}
    named = [(id, topic.name, counts[id]) for id, topic in catalog.topics.items()]
    named.insert(0, (OWN, plain(texts.render("glossary.own_topic")), own))
    picks = tuple(Pick(id, clip(f"{name} ({total})", 75)) for id, name, total in named if total)[:OPTIONS_LIMIT]
    said = texts.render("glossary.topics", total=sum(counts.values()) + own)
    choice: tuple[Block, ...] = (Choice("Topic", "glossary.browse", picks),) if picks else ()
    look_up = Buttons((Button("Look up a term", "glossary.look_up", opens=True),))
    return Message(plain(said), (Text(said), *choice, look_up))


def look_up_form() -> Form:
    return Form(
        id="glossary.look_up",
        title="Look up a term",
        submit="Look up",
        fields=(SearchInput(name="term", label="Term", hint="Type its first letters.", source="glossary.terms"),),
    )


def topic_card(texts: Texts, catalog: Catalog, topic: str) -> Message:
    """Every term of one topic with its short line."""
    found = [entry_of(one) for one in catalog.terms.values() if one.topic == topic]
    return listed_card(texts, catalog.topics[topic].name, found)


def listed_card(texts: Texts, name: str, entries: Sequence[Entry]) -> Message:
    """Entries with their short lines, by name."""
    terms = sorted(entries, key=lambda one: one[1].casefold())
    picks = tuple(Pick(id, clip(term, 75)) for id, term, _ in terms[:OPTIONS_LIMIT])
    lines = texts.render("glossary.topic_lines", terms=[(term, short) for _, term, short in terms[:LINES]])
    blocks: list[Block] = [Heading(clip(name, 150)), Text(lines)]
    if picks:
        blocks.append(Choice("Read one", "glossary.show", picks))
    return Message(plain(texts.render("glossary.topic_title", name=name, total=len(terms))), tuple(blocks))


def own_card_list(texts: Texts, own: OwnEntries) -> Message:
    """Every entry of the company's own with its short line."""
    return listed_card(texts, plain(texts.render("glossary.own_topic")), [*map(own_entry, own.entries.values())])


def hits_card(texts: Texts, words: str, hits: Sequence[Hit]) -> Message:
    """Search results over everything that is taught."""
    said = texts.render("glossary.hits", words=clip(words, NAME_LIMIT), total=len(hits))
    lines = [Text(texts.render("glossary.hit", kind=hit.kind, title=hit.title, excerpt=hit.excerpt)) for hit in hits]
    terms = [hit for hit in hits if hit.kind == "term"][:BUTTONS_LIMIT]
    buttons = tuple(Button(clip(hit.title, LABEL_LIMIT), "glossary.show", hit.id) for hit in terms)
    return Message(plain(said), (Text(said), *lines, *((Buttons(buttons),) if buttons else ())))


def suggestion_form(words: str) -> Form:
    return Form(
        id="glossary.suggest",
        title="Suggest a term",
        submit="Suggest",
        fields=(
            TextInput(name="term", label="Term", value=words, max_length=NAME_LIMIT),
            TextInput(
                name="meaning",
                label="What should people know about it?",
                hint="A sentence is enough; an editor writes the entry.",
                multiline=True,
                required=False,
                max_length=800,
            ),
        ),
    )
