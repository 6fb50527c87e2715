"""Rules about ready-made weekly quizzes."""

from __future__ import annotations

from collections.abc import Iterator

from content.rules.rule import Finding, Rule
from content.source import Source

QUESTIONS = 5


def not_five(source: Source) -> Iterator[Finding]:
    for quiz in source.pack.quizzes:
        if len(set(quiz.questions)) != QUESTIONS:
            yield Finding(quiz.id, f"{len(set(quiz.questions))} different questions; a quiz has five", ("questions",))


def true_or_false(source: Source) -> Iterator[Finding]:
    booleans = {question.id for question in source.pack.questions if question.type == "boolean"}
    for quiz in source.pack.quizzes:
        for question in set(quiz.questions) & booleans:
            yield Finding(quiz.id, f"{question} is a true/false question", ("questions",))


RULES = (
    Rule("E150", "A weekly quiz does not have five questions", "Choose five different ones.", not_five),
    Rule(
        "E151",
        "A weekly quiz asks true or false",
        "A coin is right half of the time: choose another question.",
        true_or_false,
    ),
)
