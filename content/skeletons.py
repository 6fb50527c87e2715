"""``content new``: a first version of an item, sound in form, with the words still to be written."""

from __future__ import annotations

from typing import NamedTuple

from content.kinds import Kind

WRITE = "Write this."  # what an author searches for


class Skeleton(NamedTuple):
    """The file it belongs to, its text, and the line that opens the file when it is a list that does not exist yet."""

    file: str
    text: str
    opening: str = ""  # empty: the item is the whole file


def skeleton(kind: Kind, slug: str, topic: str, today: str) -> Skeleton:
    """The first version of ``slug``. ``today`` is the date of its first review, such as 2026-11-20."""
    title = slug.replace("-", " ").capitalize()
    filled = {"slug": slug, "topic": topic, "title": title, "today": today, "todo": WRITE}
    shape = _SHAPES[kind]
    return Skeleton(shape.file.format(**filled), shape.text.format(**filled), shape.opening)


_QUESTION = """  - id: {slug}
    rev: 1
    type: single
    stem: >-
      {todo} A new case of at most 300 characters, which asks for the idea and not for the lesson's words.
    options:
      - id: a
        text: The right one comes first
        correct: true
        why: {todo} The reason it is right.
      - id: b
        text: A slip that people make
        why: {todo} Why somebody may pick it.
      - id: c
        text: Another slip, as long
        why: {todo} Why somebody may pick it.
    concepts: []
    difficulty: 1
    bloom: apply
    core: false
    sources: []
"""
_TERM = """  - id: {slug}
    rev: 1
    term: {title}
    aliases: []
    audience: [all]
    level: 1
    short: {todo} One line of at most 140 characters.
    plain: {todo} For somebody outside the field.
    precise: {todo} For somebody who will build it.
    example: {todo} One case.
    not_this: {todo} What it is taken for.
    see: []
    lessons: []
    owner: authors
    reviewed: {today}
    sources: []
"""
_LESSON = """---
id: {slug}
rev: 1
title: {title}
level: 1
roles: []
objective: {todo} One verb, one thing a person can do afterwards.
core_question: {slug}-1
questions: [{slug}-2]
terms: []
prereqs: []
try_today: {todo} Something to do in five minutes.
why:
  default: {todo} Why it matters to anybody.
owner: authors
reviewed: {today}
review_every: 365
status: draft
sources: []
---
{todo} A case first: who, what, when, in 90 to 160 words.

Then the idea, **once**, in plain words.
"""
_QUIZ = """id: {slug}
rev: 1
theme: {title}
topic: {topic}
questions: []
look_up: ""
status: draft
"""
_SCENARIO = """id: {slug}
rev: 1
title: {title}
topic: {topic}
level: 1
minutes: 20
modes: [solo, team]
objectives:
  - {todo} What the group can do afterwards.
roles:
  - id: lead
    name: Lead
    fits: []
    min: 1
    max: 1
    brief: {todo} What this seat decides.
state: {{harm: 0}}
start: begin
nodes:
  begin:
    say: {todo} What everybody hears.
    private:
      lead: {todo} What only the lead knows.
    ask: lead
    timer: 180
    on_timeout: b
    options:
      - id: a
        text: The best thing to do
        grade: best
        goto: over
        why: {todo} The reason.
      - id: b
        text: What happens when nobody decides
        grade: poor
        effect: {{harm: 1}}
        goto: over
        why: {todo} The reason.
  over:
    say: {todo} How it ended.
    end: true
injects:
  - id: news
    at: 5
    to: []
    say: {todo} News from outside.
    if: harm >= 1
debrief:
  questions:
    - What did we know, and when?
  produce: []
  measures: [time_to_declare, best_choices]
owner: authors
reviewed: {today}
status: draft
sources: []
"""
_CHECKLIST = """id: {slug}
rev: 1
title: {title}
topic: {topic}
when: {todo} The moment to take it out.
items:
  - id: first
    text: {todo} A sentence that is true or not.
    why: {todo} What goes wrong without it.
    evidence: none
    required: true
owner: authors
reviewed: {today}
status: draft
sources: []
"""
_TEMPLATE = """---
id: {slug}
rev: 1
title: {title}
topic: {topic}
purpose: {todo} What the document is for, and who reads it.
fields:
  - id: what
    label: What happened
    help: Two sentences.
    type: long
    required: true
owner: authors
reviewed: {today}
status: draft
sources: []
---
# {title}

{{{{ what }}}}
"""
_CASE = """---
id: {slug}
rev: 1
title: {title}
topic: {topic}
fictional: true
terms: []
lessons: []
owner: authors
reviewed: {today}
status: draft
sources: []
---
## Customer

{todo} What happened to one person.

## Engineer

{todo} What was behind it.

## Leader

{todo} What was decided, in 250 to 400 words over the three scenes.
"""
_KIT = """---
id: {slug}
rev: 1
title: {title}
topic: {topic}
minutes: 60
audience: {todo} Who comes.
agenda:
  - {{minutes: 10, what: Welcome}}
  - {{minutes: 50, what: The session}}
materials: []
owner: authors
reviewed: {today}
status: draft
sources: []
---
{todo} What the facilitator says and does, in 200 to 400 words.
"""
_SURVEY = """  - id: {slug}
    rev: 1
    text: {todo} One sentence to agree or disagree with.
    type: scale
    scale: [not at all, a little, mostly, fully]
    topic: {topic}
    status: draft
"""
_BADGE = """  - id: {slug}
    rev: 1
    title: {title}
    criteria: {todo} What was produced, never a score.
    evidence: {todo} What a person looks at before signing.
    signed_by: mentor
    template: ""
    topic: {topic}
    status: draft
"""
_SHAPES: dict[Kind, Skeleton] = {
    "lesson": Skeleton("lessons/{topic}/{slug}.md", _LESSON),
    "question": Skeleton("questions/{topic}.yaml", _QUESTION, "questions:\n"),
    "term": Skeleton("glossary/{topic}.yaml", _TERM, "terms:\n"),
    "quiz": Skeleton("quizzes/{slug}.yaml", _QUIZ),
    "scenario": Skeleton("scenarios/{slug}.yaml", _SCENARIO),
    "checklist": Skeleton("checklists/{slug}.yaml", _CHECKLIST),
    "template": Skeleton("templates/{slug}.md", _TEMPLATE),
    "case": Skeleton("cases/{slug}.md", _CASE),
    "kit": Skeleton("kits/{slug}.md", _KIT),
    "survey": Skeleton("surveys.yaml", _SURVEY, "surveys:\n"),
    "badge": Skeleton("badges.yaml", _BADGE, "badges:\n"),
}
