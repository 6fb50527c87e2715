"""Rules about questions: one right answer, reasons for all, and no way to guess it from the form."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

from rapidfuzz.distance import Indel

from bot.domain.pack import Option, Question
from content.prose import visible
from content.rules.rule import Finding, Rule
from content.source import Source
from content.words import normal, tokens

STEM_LIMIT = 300
LENGTH_RATIO = 1.25
LONGEST_SHARE = 0.45
ALIKE = 0.92  # share of letters in common (Indel similarity of rapidfuzz)
COPIED = 8  # words in a row
ECHO = 2  # words
_BANK = 5  # under five questions a share says nothing

_OF_THE_ABOVE = re.compile(
    r"\b(?:all|none|both|neither)(?: of)? (?:the above|these|them)\b|\b[A-D] and [A-D]\b", re.IGNORECASE
)
_ABSOLUTE = re.compile(
    r"\b(?:always|never|only|every|everyone|nobody|all|none|guaranteed?s?|impossible|completely|entirely)\b",
    re.IGNORECASE,
)


def no_reason(source: Source) -> Iterator[Finding]:
    for question, at, option in _options(source):
        if not option.why.strip():
            yield Finding(question.id, f"option {option.id} has no reason", ("options", at, "why"))


def wrong_count_right(source: Source) -> Iterator[Finding]:
    for question in source.pack.questions:
        right = sum(option.correct for option in question.options)
        if question.type in ("single", "boolean") and right != 1:
            yield Finding(question.id, f"{right} options are right; exactly one must be", ("options",))
        elif question.type == "multi" and right < 1:
            yield Finding(question.id, "no option is right", ("options",))


def wrong_count_options(source: Source) -> Iterator[Finding]:
    for question in _chosen(source):
        if not 2 <= len(question.options) <= 4:
            yield Finding(question.id, f"{len(question.options)} options; 2 to 4 are allowed", ("options",))


def right_not_first(source: Source) -> Iterator[Finding]:
    for question in _single(source):
        if not question.options[0].correct:
            yield Finding(question.id, f"option {question.right.id} is right but not first", ("options",))


def repeated_letters(source: Source) -> Iterator[Finding]:
    for question in source.pack.questions:
        letters = [option.id for option in question.options]
        if len(set(letters)) != len(letters) or not all(re.fullmatch("[a-z]", letter) for letter in letters):
            yield Finding(question.id, f"option ids are {', '.join(letters)}", ("options",))


def of_the_above(source: Source) -> Iterator[Finding]:
    for question, at, option in _options(source):
        if _OF_THE_ABOVE.search(option.text):
            yield Finding(question.id, f"option {option.id} speaks of other options", ("options", at, "text"))


def long_stem(source: Source) -> Iterator[Finding]:
    for question in source.pack.questions:
        if len(question.stem) > STEM_LIMIT:
            yield Finding(question.id, f"the stem has {len(question.stem)} characters", ("stem",))


def right_is_long(source: Source) -> Iterator[Finding]:
    for question in _single(source):
        others = [len(option.text) for option in question.options if not option.correct]
        length, mean = len(question.right.text), sum(others) / len(others)
        if length > max(others) and length > LENGTH_RATIO * mean:
            yield Finding(
                question.id, f"the right option has {length} characters, the others {mean:.0f}", ("options", 0, "text")
            )


def right_is_longest(source: Source) -> Iterator[Finding]:
    banks: defaultdict[str, list[bool]] = defaultdict(list)
    for question in _single(source):
        others = max(len(option.text) for option in question.options if not option.correct)
        banks[question.topic].append(len(question.right.text) > others)
    for topic, longest in banks.items():
        if len(longest) >= _BANK and sum(longest) > LONGEST_SHARE * len(longest):
            share = f"{sum(longest)} of {len(longest)}"
            yield Finding(f"topic/{topic}", f"the right option is the longest in {share} questions")


def absolute_distractors(source: Source) -> Iterator[Finding]:
    for question in _single(source):
        wrong = [option for option in question.options if not option.correct and _ABSOLUTE.search(option.text)]
        if wrong and not _ABSOLUTE.search(question.right.text):
            found = _ABSOLUTE.search(wrong[0].text)
            yield Finding(
                question.id,
                f"{found and found[0]!r} is in a wrong option and no such word in the right one",
                ("options",),
            )


def lonely_concepts(source: Source) -> Iterator[Finding]:
    counts = Counter(concept for question in source.pack.questions for concept in question.concepts)
    for concept, count in counts.items():
        if count == 1 and concept in source.places:
            yield Finding(concept, "only one question examines this")


def unnamed_lesson(source: Source) -> Iterator[Finding]:
    concepts = {question.id: question.concepts for question in source.pack.questions}
    for lesson in source.pack.lessons:
        for question in (lesson.core_question, *lesson.questions):
            if question in concepts and lesson.id not in concepts[question]:
                yield Finding(question, f"{lesson.id} asks this, but it is not among the concepts", ("concepts",))


def alike(source: Source) -> Iterator[Finding]:
    """Options with figures in them may be alike: there the figure is the difference."""
    for question in source.pack.questions:
        texts = [normal(option.text) for option in question.options if not re.search(r"\d", option.text)]
        for one, other in combinations(texts, 2):
            if Indel.normalized_similarity(one, other) >= ALIKE:
                yield Finding(question.id, f"two options are nearly the same: {one!r} and {other!r}", ("options",))


def copied(source: Source) -> Iterator[Finding]:
    questions = {question.id: question for question in source.pack.questions}
    for lesson in source.pack.lessons:
        runs = _runs(visible(lesson.body))
        for id in (lesson.core_question, *lesson.questions):
            if (question := questions.get(id)) is not None:
                asked = _runs(question.stem).union(*(_runs(option.text) for option in question.options))
                if common := sorted(runs & asked):
                    yield Finding(id, f"the lesson says {common[0]!r} as well", ("stem",))


def echoed(source: Source) -> Iterator[Finding]:
    for question in _single(source):
        stem = set(tokens(question.stem))
        right = stem & set(tokens(question.right.text))
        wrong = [stem & set(tokens(option.text)) for option in question.options if not option.correct]
        if len(right) >= ECHO and not any(wrong):
            said = ", ".join(sorted(right))
            yield Finding(
                question.id, f"only the right option repeats words of the stem: {said}", ("options", 0, "text")
            )


def _runs(text: str) -> set[str]:
    """Every run of eight words."""
    said = normal(text).split()
    return {" ".join(said[at : at + COPIED]) for at in range(len(said) - COPIED + 1)}


def _options(source: Source) -> Iterator[tuple[Question, int, Option]]:
    for question in source.pack.questions:
        for at, option in enumerate(question.options):
            yield question, at, option


def _chosen(source: Source) -> Iterator[Question]:
    return (question for question in source.pack.questions if question.type in ("single", "multi", "boolean"))


def _single(source: Source) -> Iterator[Question]:
    """Questions whose options can be compared: one right, at least one wrong."""
    for question in source.pack.questions:
        if (
            question.type == "single"
            and sum(one.correct for one in question.options) == 1
            and len(question.options) > 1
        ):
            yield question


RULES = (
    Rule("E130", "An option has no reason", "Say why somebody might pick it, and why it is right or wrong.", no_reason),
    Rule("E131", "A wrong number of right options", "Mark exactly one option `correct: true`.", wrong_count_right),
    Rule("E132", "A wrong number of options", "Three are enough.", wrong_count_options),
    Rule("E133", "The right option is not first", "Put it first; options are shuffled when shown.", right_not_first),
    Rule("E134", "An option speaks of other options", "Options are shuffled: say what is meant.", of_the_above),
    Rule("E135", "A stem is over 300 characters", "Cut the case to what the answer needs.", long_stem),
    Rule("E136", "Option ids are not different small letters", "Use a, b, c.", repeated_letters),
    Rule("W210", "The right option is much the longest", "Shorten it, or say more in the others.", right_is_long),
    Rule("W211", "The right option is too often the longest in a topic", "Even out the lengths.", right_is_longest),
    Rule(
        "W212",
        "Absolute words stand only in wrong options",
        "Soften them, or use one in the right option.",
        absolute_distractors,
    ),
    Rule("W215", "Two options are nearly the same", "Let each be a slip of its own.", alike),
    Rule("W216", "A question repeats the lesson", "Ask about a new case in new words.", copied),
    Rule("W217", "The wording gives the answer away", "Say it in other words, or let a wrong option echo too.", echoed),
    Rule("W213", "A concept has one question only", "Write a sister question with a new case.", lonely_concepts),
    Rule("W214", "A lesson's question does not examine it", "Add the lesson under `concepts:`.", unnamed_lesson),
)
