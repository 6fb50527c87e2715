"""One question put to people: how it is shown, what a press on it means, and the feedback on an answer."""

from __future__ import annotations

from datetime import date

from bot import markdown
from bot.domain.lessons import LETTERS, concept_of, corrected, shuffled
from bot.domain.pack import Option, Question
from bot.domain.reviews import answered, joins
from bot.messages import LABEL_LIMIT, Block, Button, Buttons, Spans, Text, clip, plain
from bot.ports.lessons import Asking, Given
from bot.ports.texts import Texts
from bot.router import Work

UNSURE = "unsure"  # the place on the card of "I don't know"
NO_OPTION = ""  # what its answer holds


def put(
    question: Question, *, id: str, source: str, source_id: str, position: int, pack: str, member: str | None = None
) -> Asking:
    """A question put once. The order of its options follows from ``id``, so a resend shows the same card."""
    letters = tuple(option.id for option in question.options)
    return Asking(
        id=id,
        source=source,
        source_id=source_id,
        position=position,
        question=question.id,
        rev=question.rev,
        order=shuffled(letters, id) if question.shuffle else letters,
        pack=pack,
        member=member,
    )


def shown_options(question: Question, asking: Asking) -> list[tuple[str, Option]]:
    """(letter as shown, option) in the order of this asking."""
    options = {option.id: option for option in question.options}
    return [(LETTERS[at], options[id]) for at, id in enumerate(asking.order)]


def pressed(asking: Asking, place: str, *, unsure: bool = False) -> str | None:
    """The option behind a place on the card; None when there is no such place (what comes back can be forged)."""
    if unsure and place == UNSURE:
        return NO_OPTION
    if not (place.isascii() and place.isdecimal()) or int(place) >= len(asking.order):
        return None
    return asking.order[int(place)]


def asked(texts: Texts, question: Question, asking: Asking, action: str, *, unsure: bool = False) -> list[Block]:
    """The question with a button for each option; ``action`` gets ``<asking>:<place on the card>``.

    With ``unsure`` there is one more, for somebody who does not know: better than a guess for what reviews know of them.
    """
    buttons = [
        # The value is the place on the card, not the option's letter: it says nothing about which one is right.
        Button(clip(f"{letter}. {plain(markdown.spans(option.text))}", LABEL_LIMIT), action, f"{asking.id}:{at}")
        for at, (letter, option) in enumerate(shown_options(question, asking))
    ]
    if unsure:
        buttons.append(Button(plain(texts.render("asking.unsure")), action, f"{asking.id}:{UNSURE}"))
    return [*_stated(texts, question, asking), Buttons(tuple(buttons))]


def feedback(texts: Texts, question: Question, asking: Asking, given: Given) -> list[Block]:
    """The question with what was chosen, the reason for it, and the right option with its reason."""
    if given.option == NO_OPTION:
        return solution(texts, question, asking)
    letters, options = _letters(question, asking), {option.id: option for option in question.options}
    chosen = options[given.option]
    key = "asking.right" if chosen.correct else "asking.wrong"
    said = texts.render(
        key, letter=letters[chosen.id], text=markdown.spans(chosen.text), why=markdown.spans(chosen.why)
    )
    stated: list[Block] = [*_stated(texts, question, asking), Text(said)]
    return stated if chosen.correct else [*stated, Text(right_option(texts, question, asking, "asking.better"))]


def solution(texts: Texts, question: Question, asking: Asking) -> list[Block]:
    """The question with its right option and the reason, for somebody who has not answered."""
    return [*_stated(texts, question, asking), Text(right_option(texts, question, asking))]


def right_option(texts: Texts, question: Question, asking: Asking, key: str = "asking.solution") -> Spans:
    """The right option with its letter and its reason."""
    right = question.right
    letter = _letters(question, asking)[right.id]
    return texts.render(key, letter=letter, text=markdown.spans(right.text), why=markdown.spans(right.why))


def verdict(texts: Texts, given: Given) -> str:
    """Right or not, in a few words."""
    if given.option == NO_OPTION:
        return plain(texts.render("asking.verdict_unsure"))
    return plain(texts.render("asking.verdict_right" if given.correct else "asking.verdict_wrong"))


def valid_question(work: Work, asking: Asking) -> Question:
    """The question as it was put; if its key was wrong then, the one with the right key."""
    was, now = work.catalogs.at(asking.pack).questions[asking.question], work.catalog.questions.get(asking.question)
    if now is None or work.catalog.version == asking.pack or {one.id for one in now.options} != set(asking.order):
        return was
    return now if asking.rev < corrected(work.catalog.lessons, work.catalog.questions).get(now.id, 0) else was


def learned(work: Work, member: str, question: Question, *, right: bool, day: date) -> None:
    """What an answer says about the memory of its concept, for the reviews to come."""
    concept = concept_of(question, work.catalog.lessons)
    if concept is None:
        return
    before = work.store.reviews.memory(member, concept)
    if joins(right, question.core, before is not None):
        aim = work.store.people.settings().retention
        after = answered(before, concept, question.id, question.rev, right, day, aim)
        work.store.reviews.keep(member, after)


def _stated(texts: Texts, question: Question, asking: Asking) -> list[Block]:
    options = [(letter, markdown.spans(option.text)) for letter, option in shown_options(question, asking)]
    return [
        Text(texts.render("asking.question", stem=markdown.spans(question.stem))),
        Text(texts.render("asking.options", options=options)),
    ]


def _letters(question: Question, asking: Asking) -> dict[str, str]:
    return {option.id: letter for letter, option in shown_options(question, asking)}
