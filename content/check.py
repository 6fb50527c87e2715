"""``content check``: every rule over a pack, and the warnings somebody accepted with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from msgspec.structs import replace

from bot.domain.pack import Pack
from content import change
from content.problems import Problem
from content.rules import everything, lessons, overlays, practice, questions, quizzes, references, scenarios, terms
from content.source import Acceptance, Source

# What the reader itself finds, here for the list of codes.
READER_CODES = {
    "E101": "A file cannot be read",
    "E102": "A field is unknown",
    "E103": "A value has the wrong type",
    "E104": "A field is missing",
    "E105": "A file is missing",
    "E106": "The pack that this one extends cannot be used",
    "E110": "An id is there twice",
    "E170": "A condition is not one comparison",
    "W290": "Nothing reads a file",
}
ACCEPTANCE_CODES = {
    "W291": "An acceptance names an unknown code or item, or an error",
    "W292": "An acceptance is not needed any more",
}
RULES = (
    *references.RULES,
    *everything.RULES,
    *lessons.RULES,
    *questions.RULES,
    *terms.RULES,
    *quizzes.RULES,
    *scenarios.RULES,
    *practice.RULES,
    *overlays.RULES,
)

PLATFORM_CODES = {"E164": "A message does not fit on a platform"}
Fits = Callable[[Pack], Iterable[tuple[str, str]]]

_Key = tuple[str, str, str]  # code, id, fact


def codes() -> dict[str, str]:
    """Every code and what it means."""
    return dict(
        sorted(
            (
                READER_CODES
                | {rule.code: rule.text for rule in RULES}
                | change.CODES
                | PLATFORM_CODES
                | ACCEPTANCE_CODES
            ).items()
        )
    )


def errors(source: Source) -> list[Problem]:
    """What stops this pack; quick enough for a start."""
    found = [problem for rule in RULES if rule.code.startswith("E") for problem in rule.problems(source)]
    return _ordered([*(problem for problem in source.problems if problem.is_error), *found])


def check(source: Source, today: date, fits: Fits | None = None) -> list[Problem]:
    """Everything there is to say about a pack on that day, without the warnings that were accepted.

    ``fits`` shows a sound pack on every platform and says what does not fit there; this ring knows no platform.
    """
    source = replace(source, today=today)
    found = [*source.problems, *(problem for rule in RULES for problem in rule.problems(source))]
    if fits and not any(problem.is_error for problem in found):
        cut = "Shorten it, or make two of it."
        found += [source.place(id).problem("E164", id, message, cut) for id, message in fits(source.pack)]
    known = (*source.inherited, *source.accepted)
    accepted = {_key(source, one) for one in known if one.reason.strip() and one.code.startswith("W")}
    open_ = [problem for problem in found if accepted.isdisjoint(_keys(problem))]
    return _ordered([*open_, *_needless(source, {key for problem in found for key in _keys(problem)})])


def _keys(problem: Problem) -> set[_Key]:
    """What an acceptance of this problem may name: the item as a whole, or the item and the fact."""
    return {(problem.code, problem.id, ""), (problem.code, problem.id, problem.fact)}


def _needless(source: Source, raised: set[_Key]) -> Iterator[Problem]:
    place = source.place("accepted.yaml")
    known = codes()
    for at, one in enumerate(source.accepted):
        code, subject, fact = _key(source, one)
        if code not in known or code.startswith("E") or subject not in source.places or not one.reason.strip():
            message = f"{code} for {subject} cannot be accepted"
            yield place.problem("W291", subject, message, "Give a known W code, an id and a reason.", ("accepted", at))
        elif (code, subject, fact) not in raised:
            yield place.problem(
                "W292", subject, f"{code} is not raised here any more", "Remove the line.", ("accepted", at)
            )


def _key(source: Source, one: Acceptance) -> _Key:
    """Acceptances may leave out the pack's name: ``lesson/slug``."""
    return one.code, one.id if one.id in source.places else f"{source.pack.id}:{one.id}", one.fact


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda one: (one.file, one.line, one.code, one.message))
