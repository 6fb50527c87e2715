"""A release of the pack under a learner's feet: each class of change, between the lesson and its answer."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bot.domain.pack import Option
from bot.domain.people import Role
from tests.journeys.conversation import button, buttons, said
from tests.journeys.school import School, changed, school_pack

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
LESSON = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
PACK = school_pack()
FIRST, QUESTION = "core:lesson/core-1", "core:question/core-1-1"
KEY_B = tuple(Option(id=id, text=f"Option {id}", why=f"Reason {id}.", correct=id == "b") for id in ("a", "b", "c"))


@pytest.fixture
async def school(tmp_path, surface):
    one = School(tmp_path, MONDAY, PACK, surface=surface)
    one.join("mia", "ben")
    await one.learns("mia")
    await one.learns("ben")
    await one.until(LESSON)
    yield one
    one.close()


def corrected_pack():
    pack = changed(PACK, QUESTION, rev=2, options=KEY_B)
    return changed(pack, FIRST, rev=2, change="correct")


def memory(school, who="mia"):
    return school.store(lambda parts: parts.reviews.memory(who, FIRST))


@pytest.mark.parametrize("change", ["typo", "clarify", "replace"])
async def test_a_lesson_on_its_way_is_finished_as_it_was_put(school, change):
    pack = changed(PACK, FIRST, rev=2, change=change, title="Another title")
    await school.upgrade(changed(pack, QUESTION, rev=2, stem="Another question?", options=KEY_B))
    answer = await school.answers("mia")
    assert answer.inline.summary == "Right. Core 1"
    assert "Another question?" not in said(answer)
    assert memory(school).passes == 0
    await school.go(DAY)
    assert school.lessons("mia")[-1].message.blocks[0].text == "Core 2"
    assert (await school.say("mia", "progress")).inline.blocks[0].done == 1


async def test_a_lesson_nobody_answered_comes_back_in_its_new_words(school):
    await school.upgrade(changed(PACK, FIRST, rev=2, change="replace", title="Another title"))
    assert "Core 1" in said(await school.say("mia", "today"))
    preview = school.store(lambda parts: parts.lessons.history(["mia"])["mia"])
    assert preview.done == set()


async def test_a_retired_lesson_can_still_be_answered_and_is_not_sent_to_anybody_else(school):
    await school.upgrade(changed(PACK, FIRST, rev=2, status="retired", change="retire"))
    assert "Right." in (await school.answers("mia")).inline.summary
    school.join("zoe")
    await school.learns("zoe")
    await school.settle()
    assert school.lessons("zoe")[0].message.blocks[0].text == "Core 2"
    assert school.store(lambda parts: parts.lessons.done(["mia"]))["mia"] == {FIRST}


async def test_a_wrong_key_voids_answers_rebuilds_memories_and_is_told_once(school):
    await school.answers("mia")  # "a", right by the wrong key
    await school.answers("ben", right=False)
    assert memory(school, "mia").misses == 0
    assert memory(school, "ben").misses == 1
    await school.upgrade(corrected_pack())
    await school.settle()
    assert memory(school, "mia") is None
    assert memory(school, "ben") is None
    assert school.store(lambda parts: parts.lessons.counts("mia")) == {"done": 1, "answers": 0, "right": 0}
    await school.go(DAY)
    told = said(await school.answers("mia"))
    assert "A correction: the question on Core 1 had a wrong answer marked as right." in told
    await school.go(DAY)
    assert "A correction" not in said(await school.answers("mia"))


async def test_an_answer_to_a_card_with_the_wrong_key_is_judged_by_the_right_one(school):
    await school.upgrade(corrected_pack())
    await school.settle()
    card = school.lessons("mia")[0].message
    asking = school.store(lambda parts: parts.lessons.asking(buttons(card)[0].value.partition(":")[0]))
    for who, option, verdict in (("mia", "a", "Not this one."), ("ben", "b", "Right.")):
        card = school.lessons(who)[0].message
        id = buttons(card)[0].value.partition(":")[0]
        asking = school.store(lambda parts, id=id: parts.lessons.asking(id))
        choice = next(one for one in buttons(card) if one.value == f"{asking.id}:{asking.order.index(option)}")
        assert (await school.press(who, choice)).inline.summary.startswith(verdict)
    await school.go(DAY)
    assert school.store(lambda parts: parts.lessons.counts("ben"))["right"] == 1


async def test_a_wrong_key_in_an_open_quiz_is_put_right_in_its_results_and_void_answers_are_no_picks(school):
    question = "core:question/core-11-2"
    school.store(lambda parts: parts.people.change_settings(quiz_pick_floor=5))
    school.join("ada", roles=(Role.AUTHOR,))
    people = [f"p{at}" for at in range(11)]
    school.join(*people)
    school.channel("ml")
    await school.say("ada", "quiz on", "ml")
    await school.until(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    cards = [one.message for one in school.see("ml") if "About 1-2?" in one.words]
    for who in people[:6]:
        await school.press(who, school.option(cards[0], "quiz.answer", right=True), "ml")
    pack = changed(PACK, question, rev=2, options=KEY_B)
    await school.upgrade(changed(pack, "core:lesson/core-11", rev=2, change="correct"))
    await school.settle()
    for who in people[6:]:
        asking = school.store(lambda parts: parts.lessons.asking(buttons(cards[0])[0].value.partition(":")[0]))
        choice = next(one for one in buttons(cards[0]) if one.value == f"{asking.id}:{asking.order.index('b')}")
        assert (await school.press(who, choice, "ml")).inline.summary.startswith("Right.")
    await school.until(datetime(2026, 11, 26, 15, 30, tzinfo=UTC))
    results = next(one.words for one in school.see("ml") if "About 1-2?" in one.words and one.message is not cards[0])
    part = results[results.index("About 1-2?") :].split("About")[1]
    assert "Option b" in part
    assert "Reason b." in part
    counts = part.split("How people chose: ")[1].splitlines()[0]
    assert sorted(one.split()[1] for one in counts.split(" · ")) == ["0", "0", "5"]


async def test_new_lessons_are_counted_beside_what_there_was(school):
    await school.answers("mia")
    await school.upgrade(school_pack(core=23))
    progress = await school.say("mia", "progress")
    assert (progress.inline.blocks[0].done, progress.inline.blocks[0].total) == (1, 20)
    assert "3 new lessons since you began" in said(progress)


async def test_buttons_of_an_old_card_still_work(school):
    pack = msgspec.structs.replace(school_pack(core=23), version="2.0.0")
    await school.upgrade(pack)
    card = school.lessons("mia")[0].message
    assert "It comes back at" in said(await school.press("mia", button(card, "In an hour")))
    assert "Question 1 of 2" in said(await school.press("mia", button(card, "I know this")))
    assert "not who" in said(await school.press("mia", button(card, "Unclear")))
