"""Rules about every text, whatever it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.domain.pack import Lesson, Practice, Question, Quiz, Term
from content.kinds import items
from content.problems import Path
from content.prose import texts
from content.rules.rule import Finding, Rule
from content.source import Fact, Source
from content.variables import placeholders

_SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|gh[pousr]_\w{20,}|\bsk-[\w-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{10,300}\.[\w-]{10,}|(?i:password|passwd|secret|api[_-]?key|token)\s*[:=]\s*(?=\S{0,200}\d)\S{8,}"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.\w")  # bounded: a long word is no address
_QUOTED = re.compile(r"\"[^\"\n]*\"|\u201c[^\u201c\u201d\n]*\u201d")
_BLAME = re.compile(
    r"\b(?:careless(?:ly|ness)?|stupid(?:ly)?|lazy|incompeten(?:t|ce)|idiots?|sloppy|negligent|culprits?|human error"
    r"|(?:your|whose|his|her|their) fault)\b",
    re.IGNORECASE,
)


def undeclared_variables(source: Source) -> Iterator[Finding]:
    declared = {variable.name for variable in source.pack.variables}
    filled_in = {template.id for template in source.pack.templates}  # E181 knows their fields
    for subject, path, text in _all_texts(source):
        if subject in filled_in and path == ("body",):
            continue
        for name in sorted(placeholders(text) - declared):
            yield Finding(subject, f"{{{{ {name} }}}} is not declared", path)


def secrets(source: Source) -> Iterator[Finding]:
    for subject, path, text in _all_texts(source):
        if _SECRET.search(text):
            yield Finding(subject, "this looks like a key or a password", path)
        if _EMAIL.search(text):
            yield Finding(subject, "this looks like an e-mail address", path)


def bad_dates(source: Source) -> Iterator[Finding]:
    for item in _reviewed(source):
        if _day(item.reviewed) is None:
            yield Finding(item.id, f"reviewed: {item.reviewed!r} is not a date", ("reviewed",))


def stale(source: Source) -> Iterator[Finding]:
    for item in _reviewed(source):
        reviewed = _day(item.reviewed)
        if reviewed and source.today - reviewed > timedelta(days=item.review_every):
            yield Finding(item.id, f"last reviewed on {reviewed}, every {item.review_every} days", ("reviewed",))


def unsourced_facts(source: Source) -> Iterator[Finding]:
    """One finding a fact, so that each can be looked at and accepted on its own."""
    watched = [(fact, _watching(fact)) for fact in source.facts]
    for item in items(source.pack):
        if not item.sources and not isinstance(item, Quiz):  # a quiz says nothing itself; its questions do
            prose = "\n".join(text for _, text in texts(item))
            for fact, pattern in watched:
                if pattern and (found := pattern.search(prose)):
                    yield Finding(
                        item.id, f"{found[0]!r} touches {fact.id}: {fact.right}"[:240].rstrip("."), fact=fact.id
                    )


def blame(source: Source) -> Iterator[Finding]:
    """A wrong option, or a quotation, may say what a blaming colleague would say; nothing else may."""
    for item in items(source.pack):
        for path, text in texts(item):
            if isinstance(item, Question) and path[0] == "options" and path[-1] == "text":
                continue
            if found := _BLAME.search(_QUOTED.sub("", text)):
                yield Finding(item.id, f"blames: {found[0]!r}", path)


def _reviewed(source: Source) -> Iterator[Lesson | Term | Practice]:
    for item in items(source.pack):
        if isinstance(item, Lesson | Term) or (isinstance(item, Practice) and item.reviewed):
            yield item


def _all_texts(source: Source) -> Iterator[tuple[str, Path, str]]:
    for item in items(source.pack):
        for path, text in texts(item):
            yield item.id, path, text
    for name, citation in source.pack.sources.items():
        yield "sources.yaml", (name,), citation


def _watching(fact: Fact) -> re.Pattern[str] | None:
    """Whole words; bare figures such as 0.2 are in too many places to mean anything."""
    words = [re.escape(word) for word in fact.watch_words if re.search(r"[^\W\d]{2}", word)]
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


RULES = (
    Rule("E113", "A variable is not declared", "Declare it in pack.yaml, or correct its name.", undeclared_variables),
    Rule("E114", "A text holds something private", "Remove it; if it was real, replace the key.", secrets),
    Rule("E123", "A review date is not a date", "Write it as 2026-11-15.", bad_dates),
    Rule("W220", "A review is overdue", "Read it again, then set `reviewed:`.", stale),
    Rule(
        "W221",
        "A passage touches a disputed fact and names no source",
        "Compare with facts.yaml, then add `sources:`, or accept it for this `fact:`.",
        unsourced_facts,
    ),
    Rule("W222", "A text blames a person", "Say what in the system made the slip easy.", blame),
)
