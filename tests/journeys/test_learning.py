"""What a learner lives through: the first weeks, several tracks, holidays, pauses, lessons left alone, known and unclear."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.domain.conversation import Pressed
from bot.domain.people import Role
from tests.journeys.conversation import button, buttons, said, words
from tests.journeys.school import CORE, EXEC, PRODUCT, School, school_pack

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Berlin
LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def school(tmp_path, surface):
    one = School(tmp_path, MONDAY, surface=surface)
    one.join("mia", "ben")
    one.join("ada", roles=(Role.AUTHOR,))
    yield one
    one.close()


def cells(answer) -> Any:
    """The rows of the table under a heading."""
    return answer.inline.blocks[1].rows


def titles(school, who):
    return [one.message.blocks[0].text for one in school.lessons(who)]


def daily(school, who, day):
    return school.store(lambda parts: parts.ledger.find(("daily", who, day.isoformat())))


async def test_a_newcomer_to_the_third_week(school):
    await school.learns("mia")
    reviews: dict[date, int] = {}
    for _ in range(19):
        await school.go(DAY)
        if len(school.lessons("mia")) == len(reviews):
            continue  # a weekend
        today = school.now.date()
        reviews[today] = 0
        answer = await school.answers("mia", right=len(reviews) % 4 != 0)
        while more := [one for one in buttons(answer.inline) if one.action == "lessons.review"]:
            asked = await school.press("mia", more[0])
            answer = await school.answers("mia", action="lessons.review_answer", message=asked.inline)
            reviews[today] += 1
    assert len(reviews) == 15
    assert len(set(titles(school, "mia"))) == 15
    assert max(reviews.values()) == 2
    assert sum(reviews.values()) >= 8
    progress = await school.say("mia", "progress")
    assert progress.inline.blocks[0].done == 15
    assert "Days in a row: 15" in said(progress)
    assert "Right answers" in said(progress)
    assert "Coming up" in said(progress)


async def test_the_executive_track_speaks_to_executives(school):
    await school.learns("mia", track=EXEC, role="exec", days=["1"])
    await school.go(timedelta(days=7))
    (only,) = school.lessons("mia")
    assert "It saves a quarter." in only.words
    assert "1 of 3" in only.words


async def test_two_tracks_take_turns_and_what_builds_on_another_track_waits_for_it(school):
    await school.learns("mia", other_tracks=[PRODUCT], other_roles=["pm"])
    for _ in range(11):
        await school.go(DAY)
        if school.now.weekday() < 5:
            await school.answers("mia")
    got = titles(school, "mia")
    assert got[:3] == ["Core 1", "Product 1", "Core 2"]
    assert got.index("Core 3") < got.index("Product 2")
    assert {"Product 1", "Product 2", "Product 3"} <= set(got)
    assert "It saves a launch." in school.lessons("mia")[0].words

    progress = await school.say("mia", "progress")
    left = await school.press("mia", button(progress.inline, "Leave Product"))
    assert "You have left Product" in said(left)
    assert "nothing to leave" in said(await school.does("mia", Pressed("lessons.leave", PRODUCT)))
    progress = await school.say("mia", "progress")
    assert "no more lessons" in said(await school.press("mia", button(progress.inline, "Leave Everyone")))
    await school.go(3 * DAY)
    assert titles(school, "mia") == got


async def test_a_finished_track_is_said_and_the_other_goes_on(school):
    await school.learns("mia", track=EXEC, other_tracks=[CORE])
    told = ""
    for _ in range(7):
        await school.go(DAY)
        if school.now.weekday() < 5:
            told += said(await school.answers("mia"))
    assert told.count("You have finished Executive. Your other tracks go on.") == 1


async def test_when_all_is_finished_another_track_is_offered_and_nothing_more_is_sent(school):
    await school.learns("mia", track=EXEC)
    for _ in range(2):
        await school.go(DAY)
        await school.answers("mia")
    await school.go(DAY)
    answer = await school.answers("mia")
    assert "You have finished Executive. There is nothing left to send" in said(answer)
    assert button(answer.inline, "Choose another track").action == "settings.change"
    await school.go(3 * DAY)
    assert len(school.lessons("mia")) == 3


async def test_a_holiday_of_the_region_brings_no_lesson_and_breaks_no_streak(school):
    school.now = datetime(2026, 12, 22, 8, 40, tzinfo=UTC)  # a Tuesday; Christmas is a Friday
    await school.learns("mia", region="de-be")
    await school.learns("ben")
    for count in (1, 2, 3, 3, 3, 3, 4):
        await school.settle()
        if count > len(school.lessons("mia")) - 1:
            await school.answers("mia")
        assert len(school.lessons("mia")) == count
        await school.go(DAY)
    assert daily(school, "mia", date(2026, 12, 25)) is None
    assert daily(school, "ben", date(2026, 12, 25)).state == "sent"
    assert daily(school, "mia", date(2026, 12, 28)).state == "sent"
    assert "Days in a row: 4" in said(await school.say("mia", "progress"))
    off = school.store(lambda parts: parts.people.days_off("DE-BE", date(2027, 1, 1), date(2027, 12, 31)))
    assert date(2027, 5, 1) in off


async def test_a_region_nobody_knows_is_said_and_nothing_is_changed(school):
    await school.learns("mia", region="FR")
    values = {"role": "any", "track": CORE, "zone": "Tokyo", "time": "10:00", "days": ["0"], "region": "Atlantis"}
    wrong = await school.submit("mia", "settings.save", values)
    assert "holidays of that region" in wrong.errors["region"]
    assert "Public holidays: FR" in said(await school.say("mia", "settings"))


async def test_a_pause_over_new_year_breaks_no_streak_and_leaves_no_backlog(school):
    school.now = datetime(2026, 12, 21, 7, 0, tzinfo=UTC)
    await school.learns("mia")
    for _ in range(3):
        await school.go(DAY)
        await school.answers("mia")
    assert "start again on Monday 4 January 2027" in said(await school.say("mia", "pause until 2027-01-04"))
    await school.until(datetime(2027, 1, 4, 8, 0, tzinfo=UTC))
    assert len(school.lessons("mia")) == 3
    await school.go(DAY)
    assert len(school.lessons("mia")) == 4
    await school.answers("mia")
    assert "Days in a row: 4" in said(await school.say("mia", "progress"))


async def test_one_press_under_a_lesson_pauses_and_on_an_old_card_leaves_a_pause_alone(school):
    await school.learns("mia")
    await school.until(LESSON)
    card = school.lessons("mia")[0].message
    paused = await school.press("mia", button(card, "Pause"))
    assert "paused until you say resume" in said(paused)
    await school.go(3 * DAY)
    assert len(school.lessons("mia")) == 1
    assert "Welcome back" in said(await school.press("mia", button(paused.inline, "Resume")))
    await school.say("mia", "pause 2 weeks")
    assert "paused already" in said(await school.press("mia", button(card, "Pause")))
    assert "Paused until" in said(await school.say("mia", "settings"))


async def test_five_ignored_lessons_pause_by_themselves_and_coming_back_is_one_word(school):
    await school.learns("mia")
    await school.until(LESSON + 7 * DAY)
    assert len(school.lessons("mia")) == 5
    notice = school.see("d-mia")[-1]
    assert "The last 5 lessons went unanswered" in notice.words
    await school.go(10 * DAY)
    assert school.see("d-mia")[-1] is notice
    assert "Welcome back" in said(await school.say("mia", "resume"))
    await school.settle()
    await school.go(DAY)
    assert len(school.lessons("mia")) in {6, 7}
    assert titles(school, "mia")[5] == "Core 6"


async def test_one_nudge_in_the_thread_and_none_for_who_answered_or_is_active(school):
    await school.learns("mia")
    await school.learns("ben")
    await school.system.housekeeping.run(school.now)
    await school.until(LESSON + timedelta(hours=1))
    await school.until(LESSON + timedelta(hours=3))
    assert not nudges(school, "mia")  # both were active this morning, when they enrolled
    await school.until(LESSON + DAY)
    await school.answers("ben")
    await school.until(LESSON + DAY + timedelta(hours=6))
    (nudge,) = nudges(school, "mia")
    assert nudge.thread == school.lessons("mia")[-1].id
    assert nudge.at == LESSON + DAY + timedelta(hours=2)
    assert not nudges(school, "ben")


def nudges(school, who):
    return [one for one in school.see(f"d-{who}") if "is still open" in one.words]


async def test_no_nudge_in_the_evening(school):
    await school.learns("mia", time="17:30")
    await school.until(LESSON + DAY + timedelta(hours=14))
    assert len(school.lessons("mia")) == 2
    assert not nudges(school, "mia")


async def test_an_hour_later_the_same_lesson_comes_back_unless_it_is_answered(school):
    await school.learns("mia")
    await school.until(LESSON)
    card = school.lessons("mia")[0]
    later = button(card.message, "In an hour")
    assert "It comes back at 10:30" in said(await school.press("mia", later))
    assert "It comes back at 10:30" in said(await school.press("mia", later))
    await school.go(timedelta(hours=2))
    first, second = school.lessons("mia")
    assert second.at == LESSON + timedelta(hours=1)
    assert second.words == first.words
    assert buttons(second.message) == buttons(first.message)

    await school.press("mia", later)
    await school.answers("mia")
    await school.go(timedelta(hours=2))
    assert len(school.lessons("mia")) == 2


async def test_who_knows_a_lesson_tests_out_with_two_questions(school):
    await school.learns("mia")
    await school.until(LESSON)
    first = await school.press("mia", button(school.lessons("mia")[0].message, "I know this"))
    assert "Question 1 of 2" in said(first)
    second = await school.answers("mia", action="lessons.know_answer", message=first.inline)
    assert "Question 2 of 2" in said(second)
    done = await school.answers("mia", action="lessons.know_answer", message=second.inline)
    assert "You know this: Core 1" in said(done)
    await school.go(DAY)
    assert titles(school, "mia") == ["Core 1", "Core 2"]
    again = await school.press("mia", button(school.lessons("mia")[0].message, "I know this"))
    assert "done already" in said(again)


async def test_a_wrong_answer_in_the_test_keeps_the_lesson(school):
    await school.learns("mia")
    await school.until(LESSON)
    know = button(school.lessons("mia")[0].message, "I know this")
    first = await school.press("mia", know)
    wrong = await school.answers("mia", action="lessons.know_answer", message=first.inline, right=False)
    assert "Not quite yet" in said(wrong)
    assert "Not quite yet" in said(await school.press("mia", know))
    assert "finished" not in said(await school.answers("mia"))


async def test_the_author_sees_counts_and_what_lies_ahead_but_no_answers(school):
    await school.learns("mia")
    await school.learns("ben")
    await school.until(LESSON)
    assert "not who" in said(await school.press("mia", button(school.lessons("mia")[0].message, "Unclear")))
    await school.press("mia", button(school.lessons("mia")[0].message, "Unclear"))
    await school.press("ben", button(school.lessons("ben")[0].message, "Helpful"))
    await school.answers("ben")
    few = await school.say("ada", "lessons report")
    assert few.inline.blocks[1].rows == (("Core 1", "fewer than 5", "-", "-", "-", "-"),)
    school.reaches("core:lesson/core-1", people=4)
    report = await school.say("ada", "lessons report")
    assert report.inline.blocks[1].rows == (("Core 1", "6 / 1", "1 answer", "1 / 1", "0", "0 of 0 / 0 of 0"),)
    preview = await school.say("ada", "lessons preview Mia")
    rows = preview.inline.blocks[1].rows
    assert rows[0] == ("Tue 24 November", "Core 2", "Everyone")
    assert len(rows) == 10
    assert "nothing here for you" in said(await school.say("mia", "lessons report"))
    assert "nobody called" in said(await school.say("ada", "lessons preview Zoe"))


async def test_the_dry_run_is_what_then_happens(school):
    await school.learns("mia", other_tracks=[PRODUCT])
    planned = [row[1] for row in (await school.say("ada", "lessons preview mia")).inline.blocks[1].rows]
    for _ in range(14):
        await school.go(DAY)
        if school.now.weekday() < 5:
            await school.answers("mia")
    assert titles(school, "mia") == planned


async def test_a_month_and_two_months_later_the_sitting_asks_whether_it_was_used(tmp_path):
    school = School(tmp_path, MONDAY, school_pack(core=40))
    school.join("mia")
    school.join("ada", roles=(Role.AUTHOR,))
    await school.learns("mia")
    asked = []
    for _ in range(40):
        await school.go(DAY)
        if school.now.date().weekday() < 5:
            answer = await school.answers("mia")
            asked += [answer.inline] if "A month ago" in words(answer.inline) else []
    assert len(asked) == 2  # once a week
    assert "A month ago: Core 1. It suggested: Look. Did you use it?" in words(asked[0])
    assert "Good to hear" in said(await school.press("mia", button(asked[0], "Yes, I used it")))
    assert "noted already" in said(await school.press("mia", button(asked[0], "Not yet")))
    await school.say("mia", "pause until 2027-02-08")
    await school.until(datetime(2027, 2, 9, 7, 0, tzinfo=UTC))
    twice = (await school.answers("mia")).inline
    assert "Two months ago: Core 7. It suggested: Look. Do you still use it?" in words(twice)
    await school.press("mia", button(twice, "Not yet"))
    for forged in ("", "yes", "yes:31:core:lesson/core-1", "yes:x:core:lesson/core-1"):
        assert "no longer in use" in said(await school.does("mia", Pressed("lessons.used", forged)))
    school.reaches("core:lesson/core-1", "core:lesson/core-7")
    rows = cells(await school.say("ada", "lessons report core 1"))
    assert ("Core 1", "6 / 1", "1 answer", "0 / 0", "0", "1 of 1 / 0 of 0") in rows
    rows = cells(await school.say("ada", "lessons report core 7"))
    assert ("Core 7", "6 / 1", "1 answer", "0 / 0", "0", "0 of 0 / 0 of 1") in rows
    school.close()


async def test_the_streak_can_be_switched_off(school):
    await school.learns("mia", streak="off")
    assert "Days in a row" not in said(await school.say("mia", "progress"))
    await school.learns("mia", streak="on")
    assert "Days in a row: 0" in said(await school.say("mia", "progress"))


async def test_the_summary_is_worded_anew_each_day_and_the_same_on_a_second_copy(school):
    await school.learns("mia", days=[str(at) for at in range(7)])
    for _ in range(8):
        await school.go(DAY)
        await school.answers("mia")
    assert len({one.versions[0].summary.replace(str(at + 1), "#") for at, one in enumerate(school.lessons("mia"))}) == 8
