"""What a learner sees: the lesson card with its question, and the card once it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot import markdown
from bot.asking import asked, feedback
from bot.domain.lessons import reason_to_care
from bot.domain.pack import Lesson, Question, Track
from bot.domain.streaks import turn_of
from bot.messages import LABEL_LIMIT, Block, Button, Buttons, Divider, Heading, Message, Note, Text, clip, plain
from bot.ports.catalog import Catalog
from bot.ports.lessons import Asking, Given
from bot.ports.texts import Texts

TERMS_SHOWN = 4
SUMMARIES = 8  # wordings of the summary, one a day in turn


@dataclass(frozen=True, slots=True)
class Card:
    """A lesson as one member gets it: ``position`` counts from 1 in a track of ``total``.

    Both are 0 for a lesson that is not in the track; ``is_base`` says that the track builds on it.
    """

    lesson: Lesson
    asking: Asking
    roles: Sequence[str]
    position: int
    total: int
    day: date  # the local date it was for: chooses the wording
    is_base: bool = False
    given: Track | None = None  # somebody else put them into this track, and it begins with this lesson
    valid: Question | None = None  # instead of the question as it was put, when its key was wrong


def lesson_card(
    texts: Texts, catalog: Catalog, card: Card, given: Given | None = None, after: Sequence[Block] = ()
) -> Message:
    """The card; with ``given`` its buttons give way to the feedback on the option chosen and what comes ``after``."""
    lesson, question = card.lesson, card.valid or catalog.questions[card.asking.question]
    said = {"title": lesson.title, "position": card.position, "total": card.total, "is_base": card.is_base}
    summary = plain(texts.render("lessons.summary", turn=turn_of(card.day, SUMMARIES), **said))
    place = texts.render("lessons.place", topic=catalog.topics[lesson.topic].name, **said)
    why = markdown.spans(reason_to_care(lesson, card.roles))
    if given is None:
        put = asked(texts, question, card.asking, "lessons.answer", unsure=True)
    else:
        put = feedback(texts, question, card.asking, given)
    blocks: list[Block] = [
        Heading(lesson.title),
        Note(place),
        *markdown.blocks(lesson.body),
        Text(texts.render("lessons.why", why=why)),
        Text(texts.render("lessons.try", action=markdown.spans(lesson.try_today))),
        Divider(),
        *put,
        *_terms(catalog, lesson),
        *after,
        _choices(card.asking.id, is_open=given is None),
        *_given(texts, card.given),
    ]
    return Message(clip(summary, 300), tuple(blocks))


def _choices(asking: str, *, is_open: bool) -> Buttons:
    """What else can be done with a lesson; once it is answered it can only be judged."""
    judged = (Button("Unclear", "lessons.unclear", asking), Button("Helpful", "lessons.like", asking))
    if not is_open:
        return Buttons(judged)
    later = (Button("In an hour", "lessons.snooze", asking), Button("I know this", "lessons.know", asking))
    return Buttons((*later, *judged, Button("Pause", "lessons.pause")), "More with this lesson")


def _given(texts: Texts, track: Track | None) -> list[Block]:
    if track is None:
        return []
    leave = Button(clip(f"Leave {track.name}", LABEL_LIMIT), "lessons.leave", track.id)
    return [Note(texts.render("lessons.given", track=track.name)), Buttons((leave,), "More with this lesson")]


def _terms(catalog: Catalog, lesson: Lesson) -> list[Block]:
    known = [catalog.terms[id] for id in lesson.terms if id in catalog.terms][:TERMS_SHOWN]
    if not known:
        return []
    return [
        Buttons(tuple(Button(clip(one.term, LABEL_LIMIT), "glossary.show", one.id) for one in known), "Look up a word")
    ]
