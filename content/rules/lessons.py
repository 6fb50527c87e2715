"""Rules about lessons."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.pack import ROLES, Lesson
from bot.markdown import blocks
from bot.messages import Strong, Text
from content.problems import Path
from content.prose import sentences, visible, words
from content.rules.rule import Finding, Rule
from content.source import Source
from content.words import normal

BODY_LIMIT = 1_200
WORDS_LOW, WORDS_HIGH = 60, 180
SENTENCE_LIMIT = 25
NEW_TERMS = 2


def too_long(source: Source) -> Iterator[Finding]:
    for lesson in source.pack.lessons:
        if len(lesson.body) > BODY_LIMIT:
            yield Finding(
                lesson.id, f"the body has {len(lesson.body):,} characters, {BODY_LIMIT:,} are the limit", ("body",)
            )


def no_default_reason(source: Source) -> Iterator[Finding]:
    for lesson in source.pack.lessons:
        if not lesson.why.get("default", "").strip():
            yield Finding(lesson.id, "`why` has no `default`", ("why",))


def unknown_readers(source: Source) -> Iterator[Finding]:
    for lesson in source.pack.lessons:
        for role in lesson.why.keys() - {"default", *ROLES}:
            yield Finding(lesson.id, f"`why` speaks to {role!r}, which is no role", ("why", role))


def odd_size(source: Source) -> Iterator[Finding]:
    for lesson in source.pack.lessons:
        count = len(words(visible(lesson.body)))
        if not WORDS_LOW <= count <= WORDS_HIGH:
            yield Finding(lesson.id, f"{count} words; a lesson has {WORDS_LOW} to {WORDS_HIGH}", ("body",))


def long_sentences(source: Source) -> Iterator[Finding]:
    for lesson in source.pack.lessons:
        for path, text in _read_aloud(lesson):
            for sentence in sentences(text):
                if (count := len(words(sentence))) > SENTENCE_LIMIT:
                    yield Finding(lesson.id, f"a sentence of {count} words: {sentence.strip()[:60]}...", path)


def unlinked_terms(source: Source) -> Iterator[Finding]:
    """Names of two words or more only: a single word such as "model" is in every second sentence."""
    names = [(f" {normal(name)} ", term) for term in source.pack.terms for name in (term.term, *term.aliases)]
    names = [(name, term) for name, term in names if name.count(" ") > 2]
    linked_names = {term.id: normal(f"{term.term} {' '.join(term.aliases)}") for term in source.pack.terms}
    for lesson in source.pack.lessons:
        body = f" {normal(visible(lesson.body))} "
        linked = " ".join(linked_names.get(term, "") for term in lesson.terms)
        found = {
            term.term
            for name, term in names
            if name in body and term.id not in lesson.terms and name.strip() not in linked
        }
        if found:
            yield Finding(lesson.id, f"uses terms without a link: {', '.join(sorted(found))}", ("terms",))


def too_many_terms(source: Source) -> Iterator[Finding]:
    """What a lesson introduces it writes in **strong** letters, and the glossary says that it is taught there."""
    names = {normal(name): term for term in source.pack.terms for name in (term.term, *term.aliases)}
    for lesson in source.pack.lessons:
        strong = [
            span.text
            for block in blocks(lesson.body)
            if isinstance(block, Text)
            for span in block.spans
            if isinstance(span, Strong)
        ]
        known = {names[name].id: names[name] for text in strong if (name := normal(text)) in names}
        new = sorted(term.term for term in known.values() if lesson.id in term.lessons)
        if len(new) > NEW_TERMS:
            yield Finding(lesson.id, f"introduces {len(new)} terms: {', '.join(new)}", ("body",))


def _read_aloud(lesson: Lesson) -> list[tuple[Path, str]]:
    reasons: list[tuple[Path, str]] = [(("why", role), text) for role, text in lesson.why.items()]
    return [(("body",), lesson.body), (("try_today",), lesson.try_today), *reasons]


RULES = (
    Rule("E120", "A lesson is over 1,200 characters", "Cut it, or make two lessons of it.", too_long),
    Rule("E121", "A lesson does not say why it matters", "Add `default:` under `why:`.", no_default_reason),
    Rule("E122", "A reason speaks to an unknown role", f"Roles are {', '.join(ROLES)}.", unknown_readers),
    Rule("W201", "A lesson is very short or long", "Aim at 90 to 160 words.", odd_size),
    Rule("W202", "A sentence is over 25 words", "Make two sentences of it.", long_sentences),
    Rule("W203", "A lesson introduces more than two terms", "Keep two in strong letters, or split it.", too_many_terms),
    Rule("W204", "A lesson uses a glossary term without a link", "Add the term under `terms:`.", unlinked_terms),
)
