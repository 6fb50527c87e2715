"""What a learner sees: the lesson card with its question, and the card once it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from bot import markdown
from bot.domain.lessons import LETTERS, reason_to_care
from bot.domain.pack import Lesson, Option, Question
from bot.messages import LABEL_LIMIT, Block, Button, Buttons, Divider, Heading, Message, Note, Spans, Text, clip, plain
from bot.ports.catalog import Catalog
from bot.ports.lessons import Asking, Given
from bot.ports.texts import Texts

TERMS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Card:
    """A lesson as one member gets it: ``position`` counts from 1 in a track of ``total``."""

    lesson: Lesson
    asking: Asking
    role: str | None
    position: int
    total: int


def lesson_card(texts: Texts, catalog: Catalog, card: Card, given: Given | None = None) -> Message:
    """The card; with ``given`` its buttons give way to the feedback on the option that was chosen."""
    lesson, question = card.lesson, catalog.questions[card.asking.question]
    summary = plain(
        texts.render("lessons.summary", title=lesson.title, position=card.position, total=card.total)
    )
    place = texts.render(
        "lessons.place", topic=catalog.topics[lesson.topic].name, position=card.position, total=card.total
    )
    why = markdown.spans(reason_to_care(lesson, card.role))
    asked = _asked(texts, question, card.asking) if given is None else feedback(texts, question, card.asking, given)
    blocks: list[Block] = [
        Heading(lesson.title),
        Note(place),
        *markdown.blocks(lesson.body),
        Text(texts.render("lessons.why", why=why)),
        Text(texts.render("lessons.try", action=markdown.spans(lesson.try_today))),
        Divider(),
        *asked,
        *_terms(catalog, lesson),
    ]
    return Message(clip(summary, 300), tuple(blocks))


def shown_options(question: Question, asking: Asking) -> list[tuple[str, Option]]:
    """(letter as shown, option) in the order of this asking."""
    options = {option.id: option for option in question.options}
    return [(LETTERS[at], options[id]) for at, id in enumerate(asking.order)]


def _asked(texts: Texts, question: Question, asking: Asking) -> list[Block]:
    shown = shown_options(question, asking)
    buttons = [
        # The value is the place on the card, not the option's letter: it says nothing about which one is right.
        Button(clip(f"{letter}. {option.text}", LABEL_LIMIT), "lessons.answer", f"{asking.id}:{at}")
        for at, (letter, option) in enumerate(shown)
    ]
    return [
        Text(texts.render("lessons.question", stem=markdown.spans(question.stem))),
        Text(_listed(texts, shown)),
        Buttons(tuple(buttons)),
    ]


def feedback(texts: Texts, question: Question, asking: Asking, given: Given) -> list[Block]:
    """The question with what was chosen, the reason for it, and the right option with its reason."""
    shown = shown_options(question, asking)
    letters = {option.id: letter for letter, option in shown}
    options = {option.id: option for option in question.options}
    chosen, right = options[given.option], question.right
    blocks: list[Block] = [
        Text(texts.render("lessons.question", stem=markdown.spans(question.stem))),
        Text(_listed(texts, shown)),
    ]
    if chosen.correct:
        why = markdown.spans(chosen.why)
        return [*blocks, Text(texts.render("lessons.right", letter=letters[chosen.id], text=chosen.text, why=why))]
    return [
        *blocks,
        Text(
            texts.render(
                "lessons.wrong", letter=letters[chosen.id], text=chosen.text, why=markdown.spans(chosen.why)
            )
        ),
        Text(
            texts.render("lessons.better", letter=letters[right.id], text=right.text, why=markdown.spans(right.why))
        ),
    ]


def _listed(texts: Texts, shown: list[tuple[str, Option]]) -> Spans:
    return texts.render("lessons.options", options=[(letter, markdown.spans(option.text)) for letter, option in shown])


def _terms(catalog: Catalog, lesson: Lesson) -> list[Block]:
    known = [catalog.terms[id] for id in lesson.terms if id in catalog.terms][:TERMS_SHOWN]
    if not known:
        return []
    return [Buttons(tuple(Button(clip(one.term, LABEL_LIMIT), "glossary.show", one.id) for one in known))]
