"""Every screen of the lessons as a screen reader meets it: the summary, then the words and buttons in their order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.people import Role
from tests.golden import assert_golden
from tests.journeys.conversation import button, buttons, words
from tests.journeys.school import EXEC, School

LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def read_aloud(message):
    return {
        "summary": message.summary,
        "words": words(message).splitlines(),
        "buttons": [one.label for one in buttons(message)],
    }


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
    screens["nothing to review"] = (await school.say("zoe", "review")).inline
    screens["progress"] = (await school.say("mia", "progress")).inline
    screens["paused"] = (await school.say("mia", "pause 2 weeks")).inline
    screens["resumed"] = (await school.say("mia", "resume")).inline
    screens["report"] = (await school.say("ada", "lessons report")).inline
    screens["preview"] = (await school.say("ada", "lessons preview Mia")).inline
    await school.until(LESSON + 8 * DAY)
    seen = [one.message for one in school.see("d-zoe")]
    screens["nudge"] = next(one for one in seen if "still open" in words(one))
    screens["rest"] = next(one for one in seen if "went unanswered" in words(one))
    school.close()
    assert_golden("lessons-aloud", {name: read_aloud(one) for name, one in screens.items()})
