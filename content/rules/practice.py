"""Rules about checklists, templates, case stories, session kits, survey items and badges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bot.domain.pack import Practice, Template
from bot.domain.pack.practice import SCENES
from content.kinds import items
from content.problems import Path
from content.prose import sentences, texts, visible, words
from content.rules.lessons import SENTENCE_LIMIT
from content.rules.rule import Finding, Rule
from content.source import Source
from content.variables import placeholders

CASE_WORDS = (250, 400)
KIT_WORDS = (200, 400)
SCALE = (3, 7)

_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LISTED = ("choice", "multi")  # field types that need choices
_MAY_BE_EMPTY = frozenset({"help", "note", "owner", "topic", "hint"})
_EXERCISE = re.compile(r"\bEXERCISE\b")


def without_field(source: Source) -> Iterator[Finding]:
    declared = {variable.name for variable in source.pack.variables}
    for template in source.pack.templates:
        for name in sorted(placeholders(template.body) - {field.id for field in template.fields} - declared):
            yield Finding(template.id, f"{{{{ {name} }}}} is neither a field nor a variable", ("body",))


def without_placeholder(source: Source) -> Iterator[Finding]:
    for template in source.pack.templates:
        used = placeholders(template.body)
        for at, field in enumerate(template.fields):
            if field.id not in used:
                yield Finding(template.id, f"the body never shows {{{{ {field.id} }}}}", ("fields", at))


def odd_fields(source: Source) -> Iterator[Finding]:
    declared = {variable.name for variable in source.pack.variables}
    for template in source.pack.templates:
        for at, field in enumerate(template.fields):
            path: Path = ("fields", at)
            if not _FIELD_NAME.fullmatch(field.id):
                yield Finding(template.id, f"{field.id!r} is not in snake_case", path)
            if field.id in declared:
                yield Finding(template.id, f"{field.id!r} is also a variable of the pack", path)
            if (field.type in _LISTED) != bool(field.choices):
                yield Finding(template.id, f"{field.id!r} is a {field.type} with {len(field.choices)} choices", path)
        for name, count in Counter(field.id for field in template.fields).items():
            if count > 1:
                yield Finding(template.id, f"the field {name!r} is there twice", ("fields",))


def scenes(source: Source) -> Iterator[Finding]:
    for case in source.pack.cases:
        told = tuple(heading for heading, _ in case.scenes)
        if told != SCENES or not all(text for _, text in case.scenes):
            found = ", ".join(heading or "(no heading)" for heading in told) or "none"
            yield Finding(case.id, f"its scenes are {found}", ("body",))


def case_size(source: Source) -> Iterator[Finding]:
    for case in source.pack.cases:
        count = sum(len(words(visible(text))) for _, text in case.scenes)
        if not CASE_WORDS[0] <= count <= CASE_WORDS[1]:
            yield Finding(case.id, f"{count} words", ("body",))


def not_fictional(source: Source) -> Iterator[Finding]:
    for case in source.pack.cases:
        if not case.fictional:
            yield Finding(case.id, "it does not say `fictional: true`", ("fictional",))


def odd_lists(source: Source) -> Iterator[Finding]:
    for checklist in source.pack.checklists:
        if not checklist.items:
            yield Finding(checklist.id, "there is nothing on the list", ("items",))
        for name, count in Counter(item.id for item in checklist.items).items():
            if count > 1:
                yield Finding(checklist.id, f"the line {name!r} is there twice", ("items",))


def agenda_does_not_fit(source: Source) -> Iterator[Finding]:
    for kit in source.pack.kits:
        planned = sum(line.minutes for line in kit.agenda)
        if planned != kit.minutes:
            yield Finding(kit.id, f"the agenda takes {planned} minutes, the session {kit.minutes}", ("agenda",))


def no_answers(source: Source) -> Iterator[Finding]:
    for survey in source.pack.surveys:
        if survey.type == "scale" and not SCALE[0] <= len(survey.scale) <= SCALE[1]:
            yield Finding(survey.id, f"a scale of {len(survey.scale)}", ("scale",))
        if (survey.type == "choice") != bool(survey.choices):
            yield Finding(survey.id, f"a {survey.type} question with {len(survey.choices)} choices", ("choices",))


def empty_texts(source: Source) -> Iterator[Finding]:
    for item in items(source.pack):
        if isinstance(item, Practice):
            for path, text in texts(item):
                if not text.strip() and path[-1] not in _MAY_BE_EMPTY:
                    yield Finding(item.id, f"{path[-1]} is empty", path)


def odd_kit_size(source: Source) -> Iterator[Finding]:
    for kit in source.pack.kits:
        count = len(words(visible(kit.body)))
        if not KIT_WORDS[0] <= count <= KIT_WORDS[1]:
            yield Finding(kit.id, f"{count} words", ("body",))


def long_sentences(source: Source) -> Iterator[Finding]:
    """The body of a template is a form; everything else here is read by people."""
    for item in items(source.pack):
        if isinstance(item, Practice):
            for path, text in texts(item):
                said = sentences(text) if not (isinstance(item, Template) and path == ("body",)) else []
                for sentence in said:
                    if (count := len(words(sentence))) > SENTENCE_LIMIT:
                        yield Finding(item.id, f"a sentence of {count} words: {sentence.strip()[:60]}...", path)


def says_exercise(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for path, text in texts(drill):
            if _EXERCISE.search(text):
                yield Finding(drill.id, "the file says EXERCISE itself", path)


RULES = (
    Rule("E181", "A placeholder has no field", "Add the field, or correct the name.", without_field),
    Rule("E182", "A field has no placeholder", "Show it in the body, or remove it.", without_placeholder),
    Rule("E183", "A template's field is not right", "Use snake_case, and `choices:` for choice and multi.", odd_fields),
    Rule("E184", "A case has not its three scenes", f"Head them ## {', ## '.join(SCENES)}.", scenes),
    Rule("E185", "A case has not 250 to 400 words", "Cut it, or tell more.", case_size),
    Rule("E186", "A case is not marked as fictional", "Invent the people and write `fictional: true`.", not_fictional),
    Rule("E187", "A checklist is empty or says a line twice", "Give every line an id of its own.", odd_lists),
    Rule("E188", "An agenda does not fit its session", "Let the minutes of the lines add up.", agenda_does_not_fit),
    Rule("E189", "A survey item has no answers", "Give 3 to 7 labels, or choices.", no_answers),
    Rule("E190", "A text is empty", "Write it, or leave the field out.", empty_texts),
    Rule("W205", "A sentence to practise with is over 25 words", "Make two sentences of it.", long_sentences),
    Rule("W232", "The notes of a kit are very short or long", "Aim at 200 to 400 words.", odd_kit_size),
    Rule("W233", "A drill says EXERCISE itself", "The player adds it to every message: leave it out.", says_exercise),
)
