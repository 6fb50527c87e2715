"""A question whose key was wrong: answers to it are void, memories are rebuilt without them, and learners told once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.calendar import local_date
from bot.domain.lessons import concept_of, corrected, questions_of
from bot.domain.reviews import Memory, answered, joins
from bot.messages import Block, Text
from bot.router import Context, Done, Job, Next, Window, Work

FLAG = "corrected"  # lessons to tell a member about in the next sitting


def _plan(work: Work, _window: Window) -> None:
    """Once for each release that says it corrects something."""
    if corrected(work.catalog.lessons, work.catalog.questions):
        work.store.jobs.start("corrections", work.catalog.version, work.now)


def _step(work: Work, version: str, cursor: Mapping[str, Any]) -> Next | Done:
    """One question a step."""
    catalog = work.catalogs.at(version)
    changed = sorted(corrected(catalog.lessons, catalog.questions).items())
    at = int(cursor.get("at", 0))
    if at >= len(changed):
        return Done()
    question, rev = changed[at]
    concept = concept_of(catalog.questions[question], catalog.lessons)
    for member in sorted(work.store.lessons.void(question, rev)):
        if concept is not None:
            _rebuild(work, member, concept)
            waiting = work.store.people.flag(member, FLAG, held=True) or []
            work.store.people.set_flag(member, FLAG, sorted({*waiting, concept}))
    return Next({"at": at + 1}, f"{at + 1} of {len(changed)}")


def _rebuild(work: Work, member: str, concept: str) -> None:
    """The memory of a concept from the answers that still stand."""
    zone, catalog = work.store.people.zone_in_force(member), work.catalog
    aim = work.store.people.settings().retention
    memory: Memory | None = None
    for one in work.store.lessons.record(member, questions_of(catalog.lessons[concept])):
        question = catalog.questions.get(one.question)
        if question is not None and joins(one.correct, question.core, memory is not None):
            memory = answered(memory, concept, one.question, one.rev, one.correct, local_date(zone, one.at), aim)
    if memory is None:
        work.store.reviews.forget(member, concept)
    else:
        work.store.reviews.keep(member, memory)


def corrections(ctx: Context) -> list[Block]:
    """What is said in the next sitting, once."""
    if not ctx.store.people.flag(ctx.actor.member, FLAG):
        return []
    waiting = ctx.store.people.flag(ctx.actor.member, FLAG, held=True)
    ctx.store.people.set_flag(ctx.actor.member, FLAG, [])
    titles = ", ".join(ctx.catalog.lessons[one].title for one in waiting if one in ctx.catalog.lessons)
    return [Text(ctx.say("lessons.corrected", titles=titles))] if titles else []


CORRECTIONS = Job(name="corrections", step=_step, plan=_plan)
