"""The whole core pack as pages to read in order: one a topic, with everything that belongs to it, and one for the programme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from bot.domain.pack import ROLES, Badge, Case, Checklist, Lesson, Pack, Question, Scenario, Template, Term
from content.catalog import CompiledCatalog
from content.loader import compile_pack
from content.stats import by_kind

Page = Callable[[], Iterator[str]]


def pages() -> dict[str, Page]:
    """File name -> page, the way in first."""
    topics: dict[str, Page] = {f"pack/{topic.id}.md": _of(topic.id) for topic in _pack().topics}
    return {"pack/README.md": contents, **topics, "pack/programme.md": programme}


@cache
def _pack() -> Pack:
    """The core pack with the default words for its variables."""
    return CompiledCatalog(compile_pack().pack, "").pack


def contents() -> Iterator[str]:
    """Counts, topics, and every track in its order."""
    pack = _pack()
    yield f"# The pack: {pack.title}"
    counts = ", ".join(f"{one.count} {_plural(one.kind)}" for one in by_kind(pack) if one.count)
    yield f"Version {pack.version}, {pack.license}: {counts}. Company words stand here in their defaults."
    yield "## By topic"
    yield "\n".join(
        f"1. [{topic.name}]({topic.id}.md): {sum(one.topic == topic.id for one in pack.lessons)} lessons"
        for topic in pack.topics
    )
    yield "And [the programme](programme.md): weekly quizzes, session kits, survey items, badges."
    lessons = {lesson.id: lesson for lesson in pack.lessons}
    for track in pack.tracks:
        yield f"## Track: {track.name}"
        if track.summary:
            yield track.summary
        steps = [lessons[id] for id in track.lessons if id in lessons]
        yield "\n".join(f"1. [{one.title}]({one.topic}.md#{_slug(one.id)})" for one in steps)


def _of(topic: str) -> Page:
    return lambda: _topic(topic)


def _topic(id: str) -> Iterator[str]:
    pack = _pack()
    name = next(topic.name for topic in pack.topics if topic.id == id)
    yield f"# {name}"
    yield "[All topics and tracks](README.md)"
    questions = {question.id: question for question in pack.questions}
    order = {lesson: at for track in pack.tracks for at, lesson in reversed([*enumerate(track.lessons)])}
    lessons = [lesson for lesson in pack.lessons if lesson.topic == id]
    for lesson in sorted(lessons, key=lambda one: (one.level, order.get(one.id, 0), one.id)):
        yield from _lesson(lesson, questions)
    for title, found in (
        ("Drills", [_drill(one) for one in pack.scenarios if one.topic == id]),
        ("Checklists", [_checklist(one) for one in pack.checklists if one.topic == id]),
        ("Templates", [_template(one) for one in pack.templates if one.topic == id]),
        ("Case stories", [_case(one) for one in pack.cases if one.topic == id]),
        ("Terms", [_term(one) for one in sorted(pack.terms, key=lambda one: one.term.casefold()) if one.topic == id]),
    ):
        if found:
            yield f"## {title}"
            for parts in found:
                yield from parts


def _lesson(lesson: Lesson, questions: dict[str, Question]) -> Iterator[str]:
    yield f'<a id="{_slug(lesson.id)}"></a>\n\n## {lesson.title}'
    for_whom = ", ".join(ROLES[role] for role in lesson.roles) or "everybody"
    yield f"*Level {lesson.level}, for {for_whom}. {lesson.objective}*"
    yield lesson.body
    reasons = [f"* {ROLES.get(role, 'Why it matters')}: {text}" for role, text in lesson.why.items()]  # type: ignore[call-overload]
    yield "\n".join(reasons)
    yield f"**Try today.** {lesson.try_today}"
    for id in (lesson.core_question, *lesson.questions):
        if id in questions:
            yield from _question(questions[id])
    if lesson.sources:
        yield f"*Sources: {'; '.join(_pack().sources.get(one, one) for one in lesson.sources)}*"


def _question(question: Question) -> Iterator[str]:
    yield f"**Question{' (reviewed)' if question.core else ''}.** {question.stem}"
    yield "\n".join(
        f"* {'**' if one.correct else ''}{one.text}{'**' if one.correct else ''} ({one.why})"
        for one in question.options
    )


def _term(term: Term) -> Iterator[str]:
    names = f" ({', '.join(term.aliases)})" if term.aliases else ""
    yield f"### {term.term}{names}"
    example = f" *For example:* {term.example}" if term.example else ""
    yield f"{term.short}\n\n*In plain words:* {term.plain} *Precisely:* {term.precise}{example} {term.not_this}".strip()
    if term.formula:
        yield f"    {term.formula}"


def _drill(drill: Scenario) -> Iterator[str]:
    yield f"### {drill.title}"
    seats = "\n".join(f"* **{one.name}.** {one.brief}" for one in drill.roles)
    yield f"{drill.minutes} minutes. {'. '.join(drill.objectives)}.\n\n{seats}"
    for name, node in drill.nodes.items():
        private = "".join(f"\n\nOnly {seat} hears: {text}" for seat, text in node.private.items())
        moves = "\n".join(f"* {one.text} ({one.grade}; {one.why})" for one in node.options)
        yield f"**{name}.** {node.say}{private}"
        if moves:
            yield moves


def _checklist(checklist: Checklist) -> Iterator[str]:
    yield f"### {checklist.title}"
    yield checklist.when
    yield "\n".join(f"* {one.text} ({one.why})" for one in checklist.items)


def _template(template: Template) -> Iterator[str]:
    yield f"### {template.title}"
    yield template.purpose
    yield f"````markdown\n{template.body}\n````"


def _case(case: Case) -> Iterator[str]:
    yield f"### {case.title}"
    for heading, text in case.scenes:
        yield f"**{heading}**"
        yield text


def programme() -> Iterator[str]:
    """What belongs to no topic alone: quizzes, kits, survey items and badges."""
    pack = _pack()
    stems = {question.id: question.stem for question in pack.questions}
    yield "# The programme"
    yield "[All topics and tracks](README.md)"
    yield "## Weekly quizzes"
    for quiz in pack.quizzes:
        yield f"### {quiz.theme}"
        yield "\n".join(f"1. {stems.get(id, id)}" for id in quiz.questions)
    yield "## Session kits"
    for kit in pack.kits:
        yield f"### {kit.title}"
        agenda = "\n".join(f"| {line.minutes} | {line.what} |" for line in kit.agenda)
        yield f"{kit.minutes} minutes. {kit.audience}\n\n| minutes | what |\n|---|---|\n{agenda}"
        yield kit.body.replace("\n# ", "\n#### ").replace("\n## ", "\n#### ")
    yield "## Survey items"
    yield "\n".join(f"* {one.text} ({', '.join(one.scale or one.choices) or 'in own words'})" for one in pack.surveys)
    yield "## Badges"
    yield "\n".join(map(_badge, pack.badges))


def _badge(badge: Badge) -> str:
    return f"* **{badge.title}.** {badge.criteria} Evidence: {badge.evidence} Signed by a {badge.signed_by}."


def _slug(id: str) -> str:
    return id.rpartition("/")[2]


def _plural(kind: str) -> str:
    return {"quiz": "weekly quizzes", "scenario": "drills", "survey": "survey items"}.get(kind, f"{kind}s")
