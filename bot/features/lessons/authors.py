"""For authors: how lessons are received, in figures that name nobody, and what any member gets in the next two weeks."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.attention import PRACTICE_AFTER, REPORT_FLOOR
from bot.domain.people import Verb
from bot.domain.tracks import Courses, ahead
from bot.errors import Refusal
from bot.features.lessons.learners import coming, told
from bot.messages import TABLE_ROWS, Form, Heading, MemberInput, Message, Note, Table, clip, plain
from bot.ports.attention import Facility, Reach
from bot.ports.people import Member
from bot.router import Answer, Command, Context, FormHandler, Needs, Values


def report(ctx: Context, words: str) -> Answer:
    """The lessons most often called unclear first; ``words`` narrows to titles that hold them.

    A lesson that few people besides the reader got is only named: any figure would be about one of them.
    """
    facility, dropped = ctx.store.attention.facility(), ctx.store.reviews.dropped()
    wanted = words.casefold()
    found = [one for one in ctx.store.attention.reach() if wanted in _title(ctx, one.lesson).casefold()]
    floor, own = ctx.store.people.settings().group_floor, ctx.store.lessons.history([ctx.actor.member])
    shown = own[ctx.actor.member].shown
    few = [one for one in found if one.reached - (one.lesson in shown) < floor]
    found = [one for one in found if one not in few]
    found.sort(key=lambda one: (-one.unclear, -dropped.get(one.lesson, 0), -one.reached, one.lesson))
    rows = [_row(ctx, one, facility, dropped) for one in found]
    rows += [_few(ctx, one.lesson, floor) for one in few]
    if not rows:
        return told(ctx, "lessons.report_empty")
    title = plain(ctx.say("lessons.report_title"))
    columns = tuple(plain(ctx.say("lessons.report_columns")).split(" | "))
    page = tuple(rows[:TABLE_ROWS])
    note = Note(ctx.say("lessons.report_note", floor=REPORT_FLOOR, shown=len(page), total=len(rows)))
    return Answer(inline=Message(title, (Heading(title), Table(columns, page), note)))


def _title(ctx: Context, lesson: str) -> str:
    known = ctx.catalog.lessons.get(lesson)
    return known.title if known else lesson


def _row(
    ctx: Context, one: Reach, facility: Mapping[str, Facility], dropped: Mapping[str, int]
) -> tuple[str, str, str, str, str, str]:
    lesson = ctx.catalog.lessons.get(one.lesson)
    answers = facility.get(lesson.core_question) if lesson else None
    return (
        clip(_title(ctx, one.lesson), 40),
        f"{one.reached} / {one.done}",
        _share(ctx, answers),
        f"{one.unclear} / {one.likes}",
        str(dropped.get(one.lesson, 0)),
        " / ".join(_used(ctx, one, after) for after in PRACTICE_AFTER),
    )


def _few(ctx: Context, lesson: str, floor: int) -> tuple[str, str, str, str, str, str]:
    reached = plain(ctx.say("lessons.report_reached_few", floor=floor))
    return (clip(_title(ctx, lesson), 40), reached, "-", "-", "-", "-")


def _used(ctx: Context, one: Reach, after: int) -> str:
    answered, used = one.used.get(after, (0, 0))
    return plain(ctx.say("lessons.report_used", used=used, answered=answered))


def _share(ctx: Context, answers: Facility | None) -> str:
    """A share of few answers says nothing, so there is none."""
    if answers is None or answers.answers < REPORT_FLOOR:
        return plain(ctx.say("lessons.report_few", answers=answers.answers if answers else 0))
    return f"{round(100 * answers.right / answers.answers)} %"


def preview(ctx: Context, words: str) -> Answer:
    """A dry run: the dates and lessons of a member's next fourteen days, if every lesson is answered on its day."""
    if not words.strip():
        who = MemberInput(name="who", label="Who")
        return Answer(opens=Form(id="lessons.preview_who", title="Preview lessons", fields=(who,), submit="Show"))
    return _days(ctx, _named(ctx, words))


def picked(ctx: Context, values: Values, _ref: str) -> Answer:
    """Somebody was picked from everybody the platform knows; most of them may never have met us."""
    who = values.get("who")
    found = ctx.store.people.named(who.casefold(), ctx.actor.workspace) if isinstance(who, str) and who else []
    if len(found) != 1:
        return Answer(errors={"who": plain(ctx.say("lessons.preview_unmet"))})
    return _days(ctx, found[0])


def _days(ctx: Context, person: Member) -> Answer:
    learner = ctx.store.lessons.learner(person.id)
    if learner is None:
        return told(ctx, "lessons.preview_not_enrolled", name=person.name)
    if learner.paused and learner.paused_until is None:
        return told(ctx, "lessons.preview_paused", name=person.name)
    history = ctx.store.lessons.history([person.id])[person.id]
    catalog = ctx.catalog
    days = [day for day, _at in coming(ctx, learner)]
    found = ahead(
        days, Courses(catalog.tracks, catalog.lessons), learner.tracks, history.done, history.shown, history.last
    )
    rows = tuple(
        (f"{day:%a} {day.day} {day:%B}", clip(catalog.lessons[one.lesson].title, 60), catalog.tracks[one.track].name)
        if one is not None
        else (f"{day:%a} {day.day} {day:%B}", plain(ctx.say("lessons.preview_finished")), "")
        for day, one in found
    )
    if not rows:
        return told(ctx, "lessons.preview_none", name=person.name)
    title = plain(ctx.say("lessons.preview_title", name=person.name))
    columns = tuple(plain(ctx.say("lessons.preview_columns")).split(" | "))
    return Answer(inline=Message(title, (Heading(title), Table(columns, rows), Note(ctx.say("lessons.preview_note")))))


def _named(ctx: Context, words: str) -> Member:
    said = words.strip().strip("<>@").casefold()
    found = ctx.store.people.named(said, ctx.actor.workspace)
    if len(found) != 1:
        raise Refusal("lessons.preview_unknown", name=clip(words, 60), several=len(found) > 1)
    return found[0]


COMMANDS = (
    Command(
        name="lessons report",
        run=report,
        needs=Needs.READ,
        summary="How lessons are received, without names",
        arguments="[title]",
        examples=("lessons report", "lessons report drift"),
        verb=Verb.AUTHOR,
    ),
    Command(
        name="lessons preview",
        run=preview,
        needs=Needs.READ,
        summary="What a member gets in the next 14 days",
        arguments="[name]",
        examples=("lessons preview Mia",),
        verb=Verb.AUTHOR,
    ),
)
FORMS = (FormHandler(name="lessons.preview_who", run=picked, needs=Needs.READ, verb=Verb.AUTHOR),)
