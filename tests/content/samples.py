"""A small sound pack as files, for tests that break one thing at a time."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from content.source import Source

TODAY = date(2026, 11, 20)

LESSON = """---
id: {slug}
rev: 1
title: {title}
level: 1
objective: Tell {slug} from its neighbours.
core_question: {slug}-1
questions: [{slug}-2]
terms: [{slug}]
prereqs: []
try_today: Open {{{{ registry }}}} and look for one model you know.
why:
  default: It saves the next person an hour.
  pm: It keeps a launch date honest.
owner: teaching
reviewed: 2026-10-01
sources: [book]
---
{body}
"""
BODY = "\n\n".join(
    [
        "Mira works at a shop that sells shoes. Her model guesses how many boots will be sold next week in every town.",
        "In May the guesses were good. In June a colleague changed one table, and nobody told her. The numbers moved slowly.",
        "- She looks at the inputs first.\n- She compares them with the month before.\n- She writes down what she found.",
        "**The lesson**: write down what you expect, then look. A look takes a minute, a guess about the cause takes a week.",
    ]
)
QUESTIONS = """questions:
  - id: {slug}-1
    rev: 1
    stem: A feed stops at night. What does Omar look at before he starts any new training run?
    options:
      - {{id: a, text: The inputs of last night, correct: true, why: They show what changed.}}
      - {{id: b, text: The colour of the dashboard, why: A colour says little.}}
      - {{id: c, text: The age of the laptop used, why: It has no part in this.}}
    concepts: [{slug}]
    core: true
  - id: {slug}-2
    rev: 1
    stem: The guesses for boots are high in one town. What is the first thing to compare?
    options:
      - {{id: a, text: This month and the last, correct: true, why: A difference is a lead.}}
      - {{id: b, text: Two towns chosen at random, why: They may always differ.}}
      - {{id: c, text: The names of the columns, why: Names seldom move a figure.}}
    concepts: [{slug}, term/{slug}]
  - id: {slug}-3
    rev: 1
    stem: Which note helps the person who looks next?
    options:
      - {{id: a, text: What was expected, correct: true, why: It can be compared.}}
      - {{id: b, text: Who was at the desk, why: That helps nobody.}}
      - {{id: c, text: How late it was then, why: The hour is in the log.}}
    concepts: [term/{slug}]
"""
TERMS = """terms:
  - id: {slug}
    rev: 1
    term: {title}
    aliases: [{alias}]
    short: One line about {slug}.
    plain: A way to say what happened.
    precise: A difference between two samples of one input.
    see: []
    lessons: [{slug}]
    owner: teaching
    reviewed: 2026-10-01
    sources: [book]
"""
QUIZ = """id: first-week
rev: 1
theme: First look
topic: data
questions: [skew-1, skew-2, skew-3, drift-1, drift-2]
look_up: drift
"""
MAP = """topics:
  data:
    name: Data
    planned: 1
  monitoring:
    name: Monitoring
    planned: 1
tracks:
  - id: everyone-core
    name: Everyone
    lessons: [skew, drift]
  - id: product
    name: Product
    role: pm
    lessons: [drift]
confusable:
  - [skew, drift]
"""
FILES = {
    "pack.yaml": "id: core\nversion: 1.0.0\ntitle: Sample\nvariables:\n"
    "  - {name: registry, default: the register, help: Where models are listed}\n",
    "map.yaml": MAP,
    "sources.yaml": "book: 'A book about looking, 2020'\n",
    "moved.yaml": "{}\n",
    "accepted.yaml": "accepted: []\n",
    "facts.yaml": "facts:\n  - {id: psi, topic: data, often_taught: x, right: x, source: x, evidence: read, watch_words: [PSI, '0.2']}\n",
    "lessons/data/skew.md": LESSON.format(slug="skew", title="Skew", body=BODY),
    "lessons/monitoring/drift.md": LESSON.format(slug="drift", title="Drift", body=BODY),
    "questions/data.yaml": QUESTIONS.format(slug="skew"),
    "questions/monitoring.yaml": QUESTIONS.format(slug="drift"),
    "glossary/data.yaml": TERMS.format(slug="skew", title="Skew", alias="training-serving skew"),
    "glossary/monitoring.yaml": TERMS.format(slug="drift", title="Drift", alias="DFT"),
    "quizzes/first-week.yaml": QUIZ,
}


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """Write the sample with some files replaced, added or (``None``) left out."""
    for name, text in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def edited(name: str, old: str, new: str) -> dict[str, str]:
    """One sample file with a text replaced; fails when the text is not there."""
    assert old in FILES[name], f"{old!r} is not in {name}"
    return {name: FILES[name].replace(old, new, 1)}


def codes(problems) -> set[str]:
    return {problem.code for problem in problems}


def read(folder: Path, files: Mapping[str, str | bytes | None]) -> Source:
    from content.reader import read_pack

    return read_pack(write(folder, files))
