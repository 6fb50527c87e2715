"""A small sound pack as files, for tests that break one thing at a time."""

import os
import zlib
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
DRILL = """id: silent-feed
rev: 1
title: The feed falls silent
topic: data
level: 1
minutes: 20
modes: [solo, team]
objectives: [Decide with few facts]
roles:
  - {id: lead, name: Lead, fits: [pm, exec], min: 1, max: 1, brief: You decide.}
  - {id: model, name: Model, fits: [mle, ds], min: 0, max: 2, brief: You know the model.}
state: {harm: 0}
start: night
nodes:
  night:
    say: The orders of last night are missing.
    private: {lead: The shop opens at nine., model: The job ended early.}
    ask: lead
    timer: 60
    on_timeout: b
    options:
      - {id: a, text: Say that something is wrong, grade: best, goto: look, why: People can plan.}
      - {id: b, text: Wait for the next run, grade: poor, effect: {harm: 2}, goto: look, why: It costs a day.}
  look:
    say: The file is half as long as on other days.
    ask: model
    options:
      - {id: a, text: Take the file of the day before, grade: best, effect: {harm: -1}, goto: plan, why: It is known.}
      - {id: b, text: Train on the short file, grade: poor, flags: [trained], goto: plan, why: It spreads the gap.}
  plan:
    say: The next file comes in an hour.
    ask: all
    options:
      - {id: a, text: Check its length first, grade: best, goto: tell, why: It takes a second.}
      - {id: b, text: Trust it, grade: ok, goto: tell, why: It may be fine.}
  tell:
    say: The shops ask what happened.
    ask: vote
    options:
      - {id: a, text: Tell them what is known, grade: best, goto: close, why: They can act.}
      - {id: b, text: Tell them tomorrow, grade: poor, goto: close, why: They guess meanwhile.}
  close:
    say: The file is there.
    ask: lead
    options:
      - {id: a, text: Write down the times, grade: best, goto: over, why: Memory fades.}
      - {id: b, text: Go home, grade: ok, goto: over, why: It can wait until noon.}
  over:
    say: The drill is over.
    end: true
injects:
  - {id: press, at: 5, to: [lead], say: A shop manager calls., if: harm >= 2}
  - {id: second, after: plan, say: A second file is late.}
debrief:
  questions: [What did you know, and when?]
  produce: [note]
  measures: [time_to_declare, best_choices]
"""
CHECKLIST = """id: before-launch
rev: 1
title: Before a launch
topic: data
when: On the day before.
items:
  - {id: feed, text: The feed is complete., why: A gap moves every figure., evidence: link, required: true}
  - {id: told, text: The shops know., why: They answer the phone., required: false}
owner: teaching
reviewed: 2026-10-01
"""
TEMPLATE = """---
id: note
rev: 1
title: Short note
topic: data
purpose: Write down what happened while it is fresh.
fields:
  - {id: what, label: What happened, type: long, help: Two sentences.}
  - {id: size, label: How large, type: choice, choices: [small, large]}
---
# Note

{{ what }}

Size: {{ size }}. See {{ registry }}.
"""
SCENE = "Mira looks at the inputs first. She compares them with the month before. Then she writes down what she found. "
CASE = f"""---
id: boots-in-june
rev: 1
title: Boots in June
topic: monitoring
fictional: true
terms: [drift]
lessons: [drift]
---
## Customer

{SCENE * 5}

## Engineer

{SCENE * 5}

## Leader

{SCENE * 5}
"""
KIT = f"""---
id: first-session
rev: 1
title: First session
minutes: 30
audience: Everybody
agenda:
  - {{minutes: 10, what: Welcome}}
  - {{minutes: 20, what: Drill}}
materials: [A table]
---
{SCENE * 11}
"""
SURVEYS = """surveys:
  - {id: words, rev: 1, text: We use the same words for the same things., type: scale, scale: [no, partly, yes]}
  - {id: blocked, rev: 1, text: What held you up?, type: choice, choices: [data, time]}
  - {id: else, rev: 1, text: What else?, type: open}
"""
BADGES = """badges:
  - {id: note-taker, rev: 1, title: Note taker, criteria: A note that somebody used., evidence: A link., signed_by: host, template: note}
"""
COVERS = "covers:\n  C1: [lesson/skew, term/skew]\n  C2: [scenario/silent-feed]\n"
REQUIREMENTS = """requirements:
  - {id: C1, kind: concept, what: What skew is, topic: data, taught_by: [lesson, glossary, question]}
  - {id: C2, kind: scenario, what: A silent feed, topic: data, taught_by: [scenario]}
  - {id: C3, kind: concept, what: What drift is, topic: monitoring, taught_by: [lesson]}
  - {id: C4, kind: ritual, what: Office hours, topic: data, taught_by: [feature]}
  - {id: C5, kind: teaser topic (headline only), what: Later, topic: data, taught_by: [lesson]}
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
    "scenarios/silent-feed.yaml": DRILL,
    "checklists/before-launch.yaml": CHECKLIST,
    "templates/note.md": TEMPLATE,
    "cases/boots-in-june.md": CASE,
    "kits/first-session.md": KIT,
    "surveys.yaml": SURVEYS,
    "badges.yaml": BADGES,
    "covers.yaml": COVERS,
    "requirements.yaml": REQUIREMENTS,
}


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """Write the sample with some files replaced, added or (``None``) left out.

    A file's time of change is made of its bytes: packs that are equal are known as such, and compiled once a process.
    """
    for name, text in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            body = text.encode() if isinstance(text, str) else text
            path.write_bytes(body)
            os.utime(path, (zlib.crc32(body), zlib.crc32(body)))
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
