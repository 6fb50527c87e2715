"""Every screen of the lessons as a screen reader meets it: the summary, then the words and buttons in their order."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.domain.conversation import MemberJoined
from bot.domain.people import Role
from bot.messages import Form, Message, Progress, Table, plain
from tests.golden import assert_golden
from tests.journeys.conversation import button, buttons, words
from tests.journeys.school import CORE, EXEC, PRODUCT, School, changed, school_pack

LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def read_aloud(shown: Message | Form) -> Any:
    if isinstance(shown, Form):
        return {"title": shown.title, "words": plain(shown.intro), "fields": [field(one) for one in shown.fields]}
    return {
        "summary": shown.summary,
        "words": [line for block in shown.blocks for line in lines(block)],
        "buttons": [one.label for one in buttons(shown)],
    }


def lines(block):
    """What a screen reader says of a block: a table cell by cell with its column, a bar in numbers."""
    match block:
        case Table(columns=columns, rows=rows):
            return ["; ".join(f"{name}: {cell}" for name, cell in zip(columns, row, strict=True)) for row in rows]
        case Progress(label=label, done=done, total=total):
            return [f"{label}: {done} of {total}"]
        case _:
            return words(Message("one block", (block,))).splitlines()


def field(one):
    choices = [pick.label for pick in getattr(one, "options", ())]
    return {"label": one.label, "hint": one.hint} | ({"choices": choices} if choices else {})


def assert_needs_no_eyes(name, told):
    """No pictures among the words that could carry a meaning, and no two buttons told apart by their colour."""
    said = [*told.get("words", ()), *told.get("buttons", ()), told.get("summary", ""), told.get("title", "")]
    pictures = [char for line in said for char in line if unicodedata.category(char) in {"So", "Sk", "Cs"}]
    assert not pictures, (name, pictures)
    assert len(set(told.get("buttons", ()))) == len(told.get("buttons", ())), name
    assert told.get("summary") or told.get("title"), name


async def test_every_screen_reads_well(tmp_path):
    school = School(tmp_path, LESSON - timedelta(hours=1))
    school.join("mia", "ben", "zoe")
    school.join("ada", roles=(Role.AUTHOR,))
    screens: dict[str, Any] = {}
    await school.learns("mia")
    await school.learns("ben", track=EXEC, role="exec")
    await school.learns("zoe")
    await school.until(LESSON)
    screens["lesson"] = school.lessons("mia")[0].message
    screens["lesson for an executive"] = school.lessons("ben")[0].message
    screens["in an hour"] = (await school.press("mia", button(screens["lesson"], "In an hour"))).inline
    screens["unclear"] = (await school.press("mia", button(screens["lesson"], "Unclear"))).inline
    screens["helpful"] = (await school.press("mia", button(screens["lesson"], "Helpful"))).inline
    first = (await school.press("ben", button(screens["lesson for an executive"], "I know this"))).inline
    screens["testing out"] = first
    second = await school.answers("ben", action="lessons.know_answer", message=first)
    screens["known"] = (await school.answers("ben", action="lessons.know_answer", message=second.inline)).inline
    screens["answered wrong"] = (await school.answers("mia", right=False)).inline
    await school.go(DAY)
    await school.answers("ben")
    await school.go(DAY)
    screens["all finished"] = (await school.answers("ben")).inline
    screens["answered right"] = (await school.answers("mia")).inline
    screens["review"] = (await school.press("mia", button(screens["answered right"], "One more question"))).inline
    screens["review answered"] = (
        await school.answers("mia", action="lessons.review_answer", message=screens["review"])
    ).inline
    screens["all for today"] = (await school.say("mia", "review")).inline
    screens["nothing to review"] = (await school.say("zoe", "review")).inline
    screens["progress"] = (await school.say("mia", "progress")).inline
    screens["today"] = (await school.say("mia", "today")).inline
    screens["settings"] = (await school.say("mia", "settings")).inline
    screens["settings form"] = (await school.press("mia", button(screens["settings"], "Change settings"))).opens
    screens["paused"] = (await school.say("mia", "pause 2 weeks")).inline
    screens["today while paused"] = (await school.say("mia", "today")).inline
    screens["resumed"] = (await school.say("mia", "resume")).inline
    school.reaches("core:lesson/core-1")
    screens["report"] = (await school.say("ada", "lessons report")).inline
    screens["preview"] = (await school.say("ada", "lessons preview Mia")).inline
    await school.until(LESSON + 8 * DAY)
    seen = [one.message for one in school.see("d-zoe")]
    screens["nudge"] = next(one for one in seen if "still open" in words(one))
    screens["rest"] = next(one for one in seen if "went unanswered" in words(one))
    screens["left a track"] = (await school.press("mia", button(screens["progress"], "Leave Everyone"))).inline
    screens["stopped"] = (await school.say("zoe", "stop")).inline
    screens["not enrolled"] = (await school.say("zoe", "progress")).inline
    school.close()
    told = {name: read_aloud(one) for name, one in screens.items()}
    for name, one in told.items():
        assert_needs_no_eyes(name, one)
    assert_golden("lessons-aloud", told)


async def test_what_companies_and_releases_do_reads_well(tmp_path):
    pack = school_pack(core=60)
    school = School(tmp_path, LESSON - timedelta(hours=1), pack)
    school.join("mia")
    school.join("ada", roles=(Role.ADMIN,))
    school.channel("ml")
    screens: dict[str, Any] = {}
    screens["no rules"] = (await school.say("ada", "admin enrol", "ml")).inline
    form = (await school.press("ada", button(screens["no rules"], "Add a rule"), "ml")).opens
    screens["a rule"] = form
    values: dict[str, str | list[str]] = {"what": "channel", "tracks": [CORE, PRODUCT]}
    assert form is not None
    screens["rules"] = (await school.submit("ada", "cohorts.save", values, form.ref)).inline
    await school.learns("mia")
    await school.does("mia", MemberJoined(), "ml")
    await school.does("nia", MemberJoined(), "ml")
    await school.until(LESSON)
    screens["welcome by a company"] = school.see("u-nia")[0].message
    await school.answers("mia", right=False)
    await school.go(DAY)
    screens["a track they were put into"] = school.lessons("mia")[-1].message
    wrong = changed(pack, "core:lesson/core-1", rev=2, change="correct")
    await school.upgrade(changed(wrong, "core:question/core-1-1", rev=2, options=opposite(pack)))
    await school.settle()
    screens["a correction"] = (await school.answers("mia")).inline
    school.store(lambda parts: remembered(parts, school.now))
    await school.go(DAY)
    screens["two months later"] = (await school.answers("mia")).inline
    await school.go(8 * DAY)
    screens["a month later"] = (await school.answers("mia")).inline
    screens["they used it"] = (await school.press("mia", button(screens["a month later"], "Yes, I used it"))).inline
    screens["not yet"] = (await school.press("mia", button(screens["two months later"], "Not yet"))).inline
    school.close()
    told = {name: read_aloud(one) for name, one in screens.items()}
    for name, one in told.items():
        assert_needs_no_eyes(name, one)
    assert_golden("lessons-aloud-more", told)


def remembered(parts, now):
    """Two old lessons, one of which was asked about a month ago."""
    parts.lessons.finish("mia", "core:lesson/core-50", 1, "answered", now - 80 * DAY)
    parts.attention.practised("mia", now - 45 * DAY)
    parts.lessons.finish("mia", "core:lesson/core-51", 1, "answered", now - 40 * DAY)


def opposite(pack):
    """The options of the first question with another right one."""
    question = next(one for one in pack.questions if one.id == "core:question/core-1-1")
    return tuple(msgspec.structs.replace(one, correct=one.id == "b") for one in question.options)
