"""A newcomer's first days on Slack, Teams and the playground, by what each of them really shows and sends.

``make faults`` runs the other journeys of the lessons on each surface as well.
"""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import MemberJoined, Pressed
from tests.journeys.conversation import button, buttons, said
from tests.journeys.school import CORE, School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def school(tmp_path, any_surface):
    one = School(tmp_path, MONDAY, surface=any_surface)
    yield one
    one.close()


async def test_the_first_days_of_a_newcomer(school):
    await school.does("mia", MemberJoined())
    await school.say("mia", "hello")
    await school.settle()
    welcome = next(one for one in school.messenger.shown.values() if "I am the MLOps coach, a bot" in one.words)
    form = await school.press("mia", button(welcome.message, "Choose role, track and time"))
    wrong = await school.submit("mia", "settings.save", {"zone": "Atlantis"})
    assert "I do not know that zone" in wrong.errors["zone"]
    assert form.opens is not None
    saved = await school.submit(
        "mia",
        "settings.save",
        {"role": "pm", "track": CORE, "zone": "Berlin", "time": "09:30", "days": ["0", "1", "2"]},
    )
    assert "Your track is Everyone, at 09:30 (Europe/Berlin)" in said(saved)
    await school.go(DAY)
    assert "It saves a launch." in school.lessons("mia")[-1].words
    await school.answers("mia", right=False)
    await school.go(DAY)
    answer = await school.answers("mia")
    asked = await school.press("mia", button(answer.inline, "One more question"))
    reviewed = await school.answers("mia", action="lessons.review_answer", message=asked.inline)
    assert "That is all for today" in said(reviewed)
    await school.say("mia", "pause until monday")
    await school.go(DAY)
    assert len(school.lessons("mia")) == 2
    paused = await school.say("mia", "today")
    await school.press("mia", button(paused.inline, "Resume"))
    await school.go(5 * DAY)
    assert len(school.lessons("mia")) == 3
    left = await school.press("mia", button((await school.say("mia", "progress")).inline, "Leave Everyone"))
    assert "no more lessons" in said(left)


async def test_a_press_that_was_never_shown_is_refused_and_a_test_of_it_would_fail(school):
    """Negative control: ``press`` goes by what the surface rendered, so a button that is not there cannot be pressed."""
    school.join("mia")
    shown = await school.say("mia", "help")
    await school.learns("mia")
    await school.go(DAY)
    unseen = buttons(school.lessons("mia")[0].message)[0]
    school.messenger.pages.clear()
    with pytest.raises(AssertionError):
        await school.press("mia", unseen)
    assert "no longer in use" in said(await school.does("mia", Pressed("lessons.answer", "made-up:0")))
    assert shown.inline is not None
