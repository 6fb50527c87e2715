"""Rules about glossary terms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.pack import ROLES
from content.prose import visible
from content.rules.rule import Finding, Rule
from content.source import Source
from content.words import normal

SHORT_LIMIT = 140
_ACRONYM = re.compile(r"\b[A-Z]{2,6}\b")
_NO_ACRONYM = frozenset({"OK"})


def long_short(source: Source) -> Iterator[Finding]:
    for term in source.pack.terms:
        if len(term.short) > SHORT_LIMIT:
            yield Finding(term.id, f"`short` has {len(term.short)} characters, {SHORT_LIMIT} are the limit", ("short",))


def clashes(source: Source) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for term in source.pack.terms:
        for name in dict.fromkeys(normal(name) for name in (term.term, *term.aliases)):
            owner = owners.setdefault(name, term.id)
            if owner != term.id:
                yield Finding(term.id, f"{name!r} is also a name of {owner}", ("aliases",))


def unknown_audience(source: Source) -> Iterator[Finding]:
    for term in source.pack.terms:
        for role in set(term.audience) - {"all", *ROLES}:
            yield Finding(term.id, f"{role!r} is no role", ("audience",))


def unknown_acronyms(source: Source) -> Iterator[Finding]:
    known = {word for term in source.pack.terms for name in (term.term, *term.aliases) for word in normal(name).split()}
    for lesson in source.pack.lessons:
        used = set(_ACRONYM.findall(visible(lesson.body))) - _NO_ACRONYM
        if missing := sorted(word for word in used if word.casefold() not in known):
            yield Finding(lesson.id, f"not in the glossary: {', '.join(missing)}", ("body",))


RULES = (
    Rule("E140", "A one-line definition is over 140 characters", "Move detail to `plain` or `precise`.", long_short),
    Rule("E141", "Two terms share a name", "Keep the name where people expect it, or merge the terms.", clashes),
    Rule("E142", "An audience is not a role", f"Use all, or {', '.join(ROLES)}.", unknown_audience),
    Rule("W227", "An acronym is not in the glossary", "Add the term, or spell it out.", unknown_acronyms),
)
