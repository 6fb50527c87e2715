"""Words that are true where they stand: a lesson from outside the track, a paused day, a look-up as people ask it, a week."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import HomeOpened
from bot.features.digest.screens import week_name
from tests.journeys.conversation import button, buttons, said, words
from tests.journeys.school import PRODUCT, School, school_pack

LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def school(tmp_path):
    one = School(tmp_path, LESSON - timedelta(hours=1), school_pack())
    one.join("mia")
    yield one
    one.close()


async def test_a_lesson_that_the_track_builds_on_has_no_place_in_it(school):
    await school.learns("mia", track=PRODUCT)
    await school.until(LESSON)
    assert "Monitoring · 1 of 4" in words(school.lessons("mia")[-1].message)
    await school.answers("mia")
    await school.go(DAY)
    base = school.lessons("mia")[-1]
    assert "Core 3" in words(base.message)
    assert "Monitoring · first things first: your track builds on this" in words(base.message)
    assert base.message.summary == "First things first: Core 3"
    assert " of " not in base.message.summary
    await school.answers("mia")
    progress = words((await school.say("mia", "progress")).inline)
    assert "And 1 lesson that this track builds on." in progress


async def test_today_while_paused_offers_to_go_on(school):
    await school.learns("mia")
    await school.say("mia", "pause")
    answer = (await school.say("mia", "today")).inline
    assert "paused" in words(answer)
    assert "Welcome back" in said(await school.press("mia", button(answer, "Resume")))
    await school.say("mia", "pause until tuesday")
    await school.until(LESSON + timedelta(hours=15, minutes=45))  # a quarter past midnight: the pause is over
    assert "no lesson for today yet" in said(await school.say("mia", "today"))


@pytest.mark.parametrize("asked", ["what is a drift", "what is the drift?", "define a drift", "explain an drift"])
async def test_a_term_is_found_behind_its_article(school, asked):
    assert words((await school.say("mia", asked)).inline).startswith("Drift")


async def test_privacy_counts_what_was_suggested(school):
    await school.submit("mia", "glossary.suggest", {"term": "skew", "meaning": ""})
    assert "Terms suggested: 1" in words((await school.say("mia", "privacy")).inline)
    school.join("ben")
    assert "Terms suggested: 0" in words((await school.say("ben", "privacy")).inline)


async def test_home_leads_on(school):
    await school.learns("mia")
    home = (await school.does("mia", HomeOpened())).home
    assert {"Today's lesson", "My progress"} <= {one.label for one in buttons(home)}
    assert "Coming up" in words((await school.press("mia", button(home, "My progress"))).inline)


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("2026-W47", "16 to 22 November 2026"),
        ("2026-W49", "30 November to 6 December 2026"),
        ("2026-W53", "28 December 2026 to 3 January 2027"),
    ],
)
def test_a_week_is_said_in_days(week, said):
    assert week_name(week) == said
