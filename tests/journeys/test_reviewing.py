"""Reviews in the sitting: at most two a day, in another wording, wrong quiz answers among them, and leeches let go."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.conversation import Pressed
from bot.domain.people import Role
from tests.journeys.conversation import button, buttons, said
from tests.journeys.school import School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def school(tmp_path, surface):
    one = School(tmp_path, MONDAY, surface=surface)
    one.join("mia", "ben")
    one.join("ada", roles=(Role.AUTHOR,))
    await one.learns("mia")
    yield one
    one.close()


def memory(school, concept="core:lesson/core-1", who="mia"):
    return school.store(lambda parts: parts.reviews.memory(who, concept))


async def test_a_wrong_answer_is_asked_again_in_other_words_the_next_day(school):
    await school.go(DAY)
    first = await school.answers("mia", right=False)
    assert not [one for one in buttons(first.inline) if one.action == "lessons.review"]
    assert memory(school).due == date(2026, 11, 25)
    await school.go(DAY)
    daily = await school.answers("mia")
    asked = await school.press("mia", button(daily.inline, "One more question"))
    assert "Review 1\n" in said(asked)
    assert "About 1-2?" in said(asked)
    again = await school.press("mia", button(daily.inline, "One more question"))
    assert said(again) == said(asked)
    done = await school.answers("mia", action="lessons.review_answer", message=asked.inline)
    assert "That is all for today" in said(done)
    assert memory(school).question.endswith("core-1-2")
    assert "Reviews due today: 0" in said(await school.say("mia", "progress"))


async def test_two_a_day_are_enough(school):
    for _ in range(5):
        await school.go(DAY)
        await school.answers("mia", right=False)
    assert "Reviews due today: 2" in said(await school.say("mia", "progress"))
    for _ in range(2):
        asked = await school.say("mia", "review")
        await school.answers("mia", action="lessons.review_answer", message=asked.inline)
    assert "all for today" in said(await school.say("mia", "review"))
    counts = school.store(lambda parts: parts.attention.kept("mia", date(2026, 11, 1)))
    assert counts


async def test_the_answer_to_a_review_counts_once(school):
    await school.go(DAY)
    await school.answers("mia", right=False)
    await school.go(DAY)
    asked = (await school.say("mia", "review")).inline
    await school.answers("mia", action="lessons.review_answer", message=asked)
    before = memory(school)
    second = await school.answers("mia", action="lessons.review_answer", message=asked, right=False)
    assert "Right." in second.inline.summary
    assert memory(school) == before


async def test_i_do_not_know_gives_the_answer_and_counts_as_a_miss(school):
    await school.go(DAY)
    card = school.lessons("mia")[0].message
    shown = await school.press("mia", button(card, "I don't know"))
    assert "Here is the answer. Core 1" in shown.inline.summary
    assert "The answer is" in said(shown)
    assert memory(school).misses == 1


async def test_a_wrong_quiz_answer_joins_and_a_right_one_does_not(school):
    school.channel("ml")
    await school.say("ada", "quiz on", "ml")
    await school.until(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    parent = school.see("ml")[0]
    cards = [one.message for one in school.see("ml") if one.thread == parent.id]
    await school.press("ben", school.option(cards[0], "quiz.answer", right=False), "ml")
    await school.press("ben", school.option(cards[1], "quiz.answer", right=True), "ml")
    memories = school.store(lambda parts: parts.reviews.memories("ben"))
    assert [(one.concept, one.misses) for one in memories] == [("core:lesson/core-11", 1)]
    await school.go(DAY)
    assert "About 1-3?" in said(await school.say("ben", "review"))  # the sister after the quiz's question


async def test_four_misses_let_a_concept_go_and_the_author_sees_how_many(school):
    await school.go(DAY)
    await school.answers("mia", right=False)
    for _ in range(3):
        await school.go(DAY)
        asked = await school.say("mia", "review")
        await school.answers("mia", action="lessons.review_answer", message=asked.inline, right=False)
    assert memory(school).state == "dropped"
    await school.go(3 * DAY)
    assert "Nothing is due" in said(await school.say("mia", "review"))
    school.reaches("core:lesson/core-1")
    rows = (await school.say("ada", "lessons report core 1")).inline.blocks[1].rows
    assert next(row[4] for row in rows if row[0] == "Core 1") == "1"


async def test_nothing_due_is_said(school):
    assert "Nothing is due" in said(await school.say("ben", "review"))


async def test_a_review_is_nobody_elses(school):
    await school.go(DAY)
    await school.answers("mia", right=False)
    await school.go(DAY)
    asked = (await school.say("mia", "review")).inline
    choice = school.option(asked, "lessons.review_answer", right=True)
    assert "no longer in use" in said(await school.press("ben", choice))
    for value in ("", "x", "x:0", choice.value.replace(":", ":9"), choice.value + ":unsure"):
        assert "no longer in use" in said(await school.does("mia", Pressed("lessons.review_answer", value)))


async def test_a_company_chooses_how_much_reviews_aim_to_keep(school):
    school.join("eve", roles=(Role.ADMIN,))
    assert "aim at 88 %" in said(await school.say("eve", "admin reviews"))
    assert "nothing here for you" in said(await school.say("mia", "admin reviews 95"))
    for wrong in ("79", "96", "much", "0.9", "-85", "٩٠"):
        assert "Nothing was changed" in said(await school.say("eve", f"admin reviews {wrong}"))
    await school.go(DAY)
    await school.answers("mia")
    usual = memory(school)
    assert "aim at 95 %" in said(await school.say("eve", "admin reviews 95%"))
    await school.go(DAY)
    await school.answers("mia")
    careful = memory(school, "core:lesson/core-2")
    assert careful.stability == usual.stability  # what is known of a memory is the same, when it is asked again is not
    assert careful.due - careful.reviewed < usual.due - usual.reviewed
