"""Authors are told what became of their lessons: once a working day at most, in numbers, and never of few people."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.people import Role
from bot.domain.reviews import answered
from bot.errors import DeliveryFailed
from tests.golden import assert_golden
from tests.journeys.conversation import button, said
from tests.journeys.school import School, changed, school_pack
from tests.journeys.test_lesson_screens import assert_needs_no_eyes, read_aloud

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Berlin
LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
CROWD = [f"p{at}" for at in range(6)]
FIRST, SECOND = "core:lesson/core-1", "core:lesson/core-2"


def staffed(folder, surface):
    one = School(folder, MONDAY, surface=surface)
    one.join("mia", *CROWD)
    one.join("ada", roles=(Role.AUTHOR,))
    return one


@pytest.fixture
def school(tmp_path, surface):
    one = staffed(tmp_path, surface)
    yield one
    one.close()


@pytest.fixture
def shown_school(tmp_path, any_surface):
    one = staffed(tmp_path, any_surface)
    yield one
    one.close()


def finish(school, lesson, people):
    """These people have finished a lesson, in its first words."""
    for who in people:
        school.store(lambda parts, who=who: parts.lessons.finish(who, lesson, 1, "answered", school.now))


def unclear(school, lesson, people):
    for who in people:
        school.store(lambda parts, who=who: parts.attention.mark(who, lesson, "unclear", school.now))


def give_up(school, lesson, people):
    memory = None
    for at in range(4):
        memory = answered(memory, lesson, f"{lesson}-q", 1, False, date(2026, 11, 1 + at))
    for who in people:
        school.store(lambda parts, who=who: parts.reviews.keep(who, memory))


def notices(school, who="ada"):
    return [one for one in school.see(f"d-{who}") if "News of your lessons" in one.words]


async def test_an_unclear_lesson_reaches_its_author_once_in_the_morning_and_again_only_with_more(school):
    await school.learns("mia")
    await school.until(LESSON)
    await school.press("mia", button(school.lessons("mia")[0].message, "Unclear"))
    finish(school, FIRST, CROWD)
    await school.until(LESSON + DAY)
    (told,) = notices(school)
    assert told.at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin
    assert "Called unclear" in told.words
    assert "Core 1: fewer than 5 people" in told.words
    assert "Mia" not in told.words
    assert told.message.summary == "News of 1 lesson."
    unclear(school, FIRST, CROWD[:3])  # four: still few
    await school.go(2 * DAY)
    assert len(notices(school)) == 1
    unclear(school, FIRST, CROWD[:4])
    await school.go(DAY)
    assert "Core 1: 5 people" in notices(school)[1].words
    report = await school.press("ada", button(notices(school)[1].message, "How lessons are received"))
    assert "How lessons are received" in said(report)


async def test_of_a_lesson_few_have_finished_nothing_is_said_until_more_have(school):
    unclear(school, FIRST, ["mia"])
    give_up(school, FIRST, ["mia"])
    finish(school, FIRST, ["mia", "ada", *CROWD[:3]])  # four without the reader
    await school.go(2 * DAY)
    assert not notices(school)
    finish(school, FIRST, CROWD[:4])
    await school.go(DAY)
    (told,) = notices(school)
    assert "Let go after four misses" in told.words
    assert told.words.count("Core 1: fewer than 5 people") == 2


async def test_changes_under_learners_and_suggestions_ride_in_the_same_message(shown_school):
    school = shown_school
    finish(school, FIRST, CROWD)
    finish(school, SECOND, CROWD[:2])
    finish(school, "core:lesson/core-3", CROWD)
    unclear(school, "core:lesson/core-3", CROWD)
    give_up(school, "core:lesson/core-3", CROWD[:1])
    pack = changed(school_pack(), FIRST, rev=2, change="correct")
    await school.upgrade(changed(pack, SECOND, rev=2, status="retired", change="retire"))
    missing = await school.say("mia", "define golden set")
    await school.press("mia", button(missing.inline, "Suggest"))
    await school.submit("mia", "glossary.suggest", {"term": "Golden set", "meaning": "Agreed cases."})
    await school.go(3 * DAY)
    (told,) = notices(school)
    assert "Core 1: 6 people had finished it before" in told.words
    assert "Core 2: fewer than 5 people had finished it before" in told.words
    assert "Suggested terms: 1 new one waits for an editor." in told.words
    assert "Mia" not in told.words
    queue = await school.press("ada", button(told.message, "Suggested terms"))
    assert "Golden set (Mia): Agreed cases." in said(queue)
    aloud = read_aloud(told.message)
    assert_needs_no_eyes("a notice", aloud)
    assert_golden("notice-aloud", aloud)


async def test_no_notice_on_a_weekend_a_holiday_or_to_who_is_no_author_any_more(school):
    school.store(lambda parts: parts.people.add_day_off(date(2026, 11, 23)))
    finish(school, FIRST, CROWD)
    unclear(school, FIRST, CROWD)
    await school.go(timedelta(hours=20))
    assert not notices(school)
    school.now = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)  # Saturday
    await school.go(timedelta(days=1, hours=20))
    assert not notices(school)
    await school.go(DAY)
    assert [one.at for one in notices(school)] == [datetime(2026, 11, 30, 9, 0, tzinfo=UTC)]


async def test_where_there_is_no_author_the_administrators_are_told(school):
    school.join("eve", roles=(Role.ADMIN,))
    finish(school, FIRST, CROWD)
    unclear(school, FIRST, CROWD)
    school.store(lambda parts: parts.people.leave("ada", school.now))
    await school.go(DAY)
    assert not notices(school)
    assert len(notices(school, "eve")) == 1


async def test_what_did_not_arrive_is_told_the_next_day(school):
    finish(school, FIRST, CROWD)
    unclear(school, FIRST, CROWD)

    def refused(_parcel):
        raise DeliveryFailed("no", permanent=True)

    school.messenger.fail = refused
    await school.go(DAY)
    school.messenger.fail = lambda _parcel: None
    assert not notices(school)
    await school.go(DAY)
    assert "Core 1: 6 people" in notices(school)[0].words
