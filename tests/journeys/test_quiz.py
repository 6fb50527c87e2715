"""A week of the quiz: opened by the clock, answered once in private, closed with answers and no names."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.domain.conversation import Pressed
from bot.domain.people import Role
from bot.errors import DeliveryFailed
from storage.participation import participation
from tests.journeys.conversation import TENANT, Conversation, button, buttons, said, words

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # Tuesday 10:00 in Berlin
CLOSES = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)  # Thursday 16:00
WEEK = "2026-W48"
CROWD = tuple(f"p{number}" for number in range(10))
SECOND_QUIZ = """id: second-week
rev: 1
theme: Second look
topic: data
questions: [drift-3, drift-2, drift-1, skew-2, skew-1]
look_up: skew
"""


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, MONDAY, pack={"quizzes/second-week.yaml": SECOND_QUIZ})
    one.join("ada", roles=(Role.AUTHOR,))
    one.join("bob", "cyd")
    one.join(*CROWD)
    one.channel("ml")
    yield one
    one.close()


async def opened(talk, *channels):
    for channel in channels or ("ml",):
        await talk.say("ada", "quiz on", channel)
    await talk.until(OPENS)
    return thread(talk, (channels or ("ml",))[0])


def thread(talk, channel="ml"):
    """(parent, what hangs on it)"""
    parents = [one for one in talk.see(channel) if one.thread is None]
    return parents[-1], [one for one in talk.see(channel) if one.thread == parents[-1].id]


def option(talk, question, *, right):
    """A button of a question by whether it is right; only the store knows."""
    asking_id = buttons(question.message)[0].value.partition(":")[0]
    asking = talk.store(lambda parts: parts.lessons.asking(asking_id))
    answer = talk.system.app.catalogs.at(asking.pack).questions[asking.question].right.id
    return next(
        one for one in buttons(question.message) if (asking.order[int(one.value.partition(":")[2])] == answer) is right
    )


def counters(talk, member):
    """(quiz answers, answers to lessons) of a member, over all days."""
    mine = (participation.c.tenant == TENANT) & (participation.c.member == member)
    columns = (participation.c.quiz_answers, participation.c.answers)
    rows = talk.store(lambda parts: parts.conn.execute(select(*columns).where(mine)).all())
    return sum(row.quiz_answers for row in rows), sum(row.answers for row in rows)


async def test_a_week_from_opening_to_results(talk):
    assert "opens on Tuesday 24 November, 10:00" in said(await talk.say("ada", "quiz on", "ml"))
    stops = await talk.until(CLOSES - timedelta(hours=1))
    assert OPENS in stops

    parent, questions = thread(talk)
    assert "Weekly quiz: First look" in parent.words
    assert "Open until Thursday 26 November, 16:00 (Europe/Berlin)" in parent.words
    assert "Fewer than 5 people have taken part so far" in parent.words
    assert [one.words.splitlines()[0] for one in questions] == [f"Question {n}/5" for n in range(1, 6)]
    for question in questions:
        assert len(buttons(question.message)) == 3

    reply = await talk.press("bob", option(talk, questions[0], right=True), "ml")
    assert not reply.replace, "the question stays for the others"
    assert "Right." in said(reply)
    assert "You have answered 1 of 5; 4 still count until Thursday 26 November, 16:00" in said(reply)
    wrong = await talk.press("bob", option(talk, questions[1], right=False), "ml")
    assert "Not this one." in said(wrong)
    assert "Better is" in said(wrong)
    assert counters(talk, "bob") == (2, 0)

    stops = await talk.until(CLOSES)
    assert CLOSES in stops
    parent, replies = thread(talk)
    assert "Closed. The answers are in this thread." in parent.words
    assert buttons(parent.message) == []
    results = replies[-1]
    assert "Answers: First look" in results.words
    assert results.words.count("The answer is") == 5
    assert "Fewer than 5 people have taken part." in results.words
    assert "How people chose: " not in results.words
    assert [(one.action, one.label) for one in buttons(results.message)] == [("glossary.show", "Look up: Drift")]
    assert not any(name in results.words + parent.words for name in ("Bob", "bob"))


async def test_the_first_answer_counts_and_a_repeat_shows_it(talk):
    _, questions = await opened(talk)
    await talk.press("bob", option(talk, questions[0], right=True), "ml")
    again = await talk.press("bob", option(talk, questions[0], right=False), "ml")
    assert "Right." in said(again)
    assert "that answer counts" in said(again)
    assert counters(talk, "bob") == (1, 0)


async def test_what_is_answered_changes_nothing_that_others_see(talk):
    parent, questions = await opened(talk)
    before = [one.message for one in (parent, *questions)]
    await talk.press("bob", option(talk, questions[0], right=True), "ml")
    await talk.go(timedelta(hours=1))
    assert [one.message for one in (parent, *questions)] == before


async def test_a_late_joiner_hears_what_still_counts_and_answers_in_private(talk):
    _, questions = await opened(talk)
    await talk.press("bob", option(talk, questions[2], right=True), "ml")
    await talk.until(CLOSES - timedelta(minutes=5))
    state = await talk.say("bob", "quiz")
    assert "You have answered 1 of 5; 4 still count." in said(state)
    card = await talk.press("bob", button(state.inline, "Answer: First look"))
    assert "Question 1/5" in said(card)
    reply = await talk.press("bob", buttons(card.inline)[0])
    for _ in range(3):
        assert reply.replace, "in a direct conversation the card gives way to its feedback"
        card = await talk.press("bob", button(reply.inline, "Next question"))
        reply = await talk.press("bob", buttons(card.inline)[0])
    assert "You have answered all 5" in said(reply)
    assert counters(talk, "bob") == (5, 0)
    assert buttons((await talk.say("bob", "quiz")).inline) == []


async def test_two_channels_are_one_quiz_and_one_answer(talk):
    talk.channel("ops")
    _, here = await opened(talk, "ml", "ops")
    _, there = thread(talk, "ops")
    assert [one.message for one in here] == [one.message for one in there]
    await talk.press("bob", option(talk, here[0], right=False), "ml")
    second = await talk.press("bob", option(talk, there[0], right=True), "ops")
    assert "Not this one." in said(second)
    assert "that answer counts" in said(second)
    assert counters(talk, "bob") == (1, 0)
    assert talk.store(lambda parts: parts.quiz.took_part([WEEK])) == {WEEK: 1}


async def test_after_the_close_nothing_counts_and_the_explanation_is_shown(talk):
    _, questions = await opened(talk)
    press = option(talk, questions[0], right=False)
    talk.now = CLOSES - timedelta(seconds=1)
    assert "Saved." in said(await talk.press("cyd", press, "ml"))
    talk.now = CLOSES
    late = await talk.press("bob", press, "ml")
    assert "closed on Thursday 26 November, 16:00" in said(late)
    assert "The answer is" in said(late)
    assert counters(talk, "bob") == (0, 0)
    assert "that answer counts" in said(await talk.press("cyd", press, "ml")), "who answered in time sees what counted"
    assert "closed" in said(await talk.does("bob", Pressed("quiz.next", WEEK), "ml"))


async def test_picks_are_shown_from_ten_answers_on_and_counted_once(talk):
    parent, questions = await opened(talk)
    for name in CROWD:
        await talk.press(name, option(talk, questions[0], right=True), "ml")
    for name in CROWD[:9]:
        await talk.press(name, option(talk, questions[1], right=True), "ml")
    await talk.until(CLOSES)
    results = thread(talk)[1][-1]
    assert "10 people have taken part." in results.words
    assert "10 people have taken part." in parent.words
    assert results.words.count("How people chose: ") == 1
    line = next(one for one in results.words.splitlines() if one.startswith("How people chose: "))
    assert sorted(line.removeprefix("How people chose: ").replace(" \N{MIDDLE DOT}", "").split()[1::2]) == [
        "0",
        "0",
        "10",
    ]
    assert "shown from 10 answers" in results.words


async def test_a_lower_floor_of_picks_is_kept_to(talk):
    talk.store(lambda parts: parts.people.change_settings(quiz_pick_floor=5))
    _, questions = await opened(talk)
    for name in CROWD[:5]:
        await talk.press(name, option(talk, questions[0], right=True), "ml")
    for name in CROWD[:4]:
        await talk.press(name, option(talk, questions[1], right=True), "ml")
    await talk.until(CLOSES)
    assert thread(talk)[1][-1].words.count("How people chose: ") == 1


async def test_counts_on_the_parent_are_coalesced(talk):
    parent, questions = await opened(talk)
    for name in CROWD:
        await talk.press(name, option(talk, questions[0], right=True), "ml")
        await talk.press(name, option(talk, questions[1], right=True), "ml")
        await talk.settle()
    await talk.go(timedelta(minutes=5))
    assert len(parent.versions) == 3, "at once for the fifth person, then once for all who came in the minute after"
    assert "10 people have taken part so far." in parent.words


async def test_a_restart_between_open_and_close_loses_nothing(talk):
    _, questions = await opened(talk)
    press = option(talk, questions[0], right=True)
    await talk.press("bob", press, "ml")
    await talk.restart()
    assert "that answer counts" in said(await talk.press("bob", press, "ml"))
    await talk.settle()
    await talk.restart()
    await talk.until(CLOSES)
    parent, replies = thread(talk)
    assert len([one for one in talk.see("ml") if one.thread is None]) == 1
    assert len(replies) == 6
    assert "Closed." in parent.words


async def test_of_presses_at_once_one_counts(talk):
    _, questions = await opened(talk)
    presses = buttons(questions[0].message)

    def press(number):
        one = presses[number % len(presses)]
        event = Pressed(one.action, one.value)
        return talk.system.app.handle(talk.incoming("bob", event, "ml", f"race{number}"), talk.now).result()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(press, range(36)))
    assert sum("Saved." in said(one) for one in answers) == 1
    verdicts = {words(one.inline).split("You chose ")[1][0] for one in answers}
    assert len(verdicts) == 1, "everybody who looks sees the one answer that counted"
    assert counters(talk, "bob") == (1, 0)


async def test_the_quizzes_take_turns(talk):
    await talk.say("ada", "quiz on", "ml")
    themes = []
    for week in range(3):
        await talk.until(OPENS + timedelta(days=7 * week))
        themes.append(thread(talk)[0].message.blocks[0].text)
    assert themes == ["Weekly quiz: First look", "Weekly quiz: Second look", "Weekly quiz: First look"]


async def test_an_opening_that_is_too_late_is_missed_with_a_reason(talk):
    await talk.say("ada", "quiz on", "ml")
    await talk.settle()
    talk.now = OPENS + timedelta(hours=4)  # nothing ran until then
    await talk.settle()
    assert talk.see("ml") == []
    (post,) = talk.store(lambda parts: parts.quiz.posts(WEEK))
    assert post.missed is not None
    assert post.missed.startswith("late")
    await talk.until(OPENS + timedelta(days=7))
    assert "First look" in thread(talk)[0].words, "a quiz nobody saw has not had its turn"


async def test_a_late_start_within_four_hours_still_opens(talk):
    await talk.say("ada", "quiz on", "ml")
    await talk.settle()
    talk.now = OPENS + timedelta(hours=3, minutes=59)
    await talk.settle()
    assert len(thread(talk)[1]) == 5


async def test_results_wait_for_the_last_channel(talk):
    talk.channel("nyc", zone="America/New_York")
    parent, questions = await opened(talk, "ml", "nyc")
    await talk.until(CLOSES)
    assert "The answers come to this thread on Thursday 26 November, 22:00 (Europe/Berlin)" in parent.words
    assert len(thread(talk)[1]) == 5
    press = option(talk, questions[0], right=True)
    early = said(await talk.press("bob", press, "ml"))
    assert "closed in every channel" in early
    assert "The answer is" not in early, "an answer still counts in the other channel"
    assert "closed in every channel" in said(await talk.does("bob", Pressed("quiz.next", WEEK), "ml"))
    assert "Saved." in said(await talk.press("bob", press, "nyc")), "there it is still open"
    await talk.until(CLOSES + timedelta(hours=6))
    assert len(thread(talk)[1]) == 6
    assert thread(talk)[1][-1].message == thread(talk, "nyc")[1][-1].message


async def test_an_opening_of_unknown_outcome_is_never_doubled_and_a_question_is_sent_again(talk):
    await talk.say("ada", "quiz on", "ml")
    talk.messenger.looks_up = False
    seen = []

    def lose_the_first_of_each(parcel):
        if parcel.thread not in seen:
            seen.append(parcel.thread)
            raise DeliveryFailed("reply lost", ambiguous=True)

    talk.messenger.fail = lose_the_first_of_each
    await talk.until(OPENS + timedelta(hours=1))
    assert len(talk.messenger.calls) == 1, "held"
    assert talk.see("ml") == []


async def test_lost_questions_come_again(talk):
    await talk.say("ada", "quiz on", "ml")
    lost: list[int] = []

    def lose_one(parcel):
        if parcel.thread is not None and not lost:
            lost.append(parcel.delivery)
            raise DeliveryFailed("reply lost", ambiguous=True)

    talk.messenger.fail = lose_one
    await talk.until(OPENS + timedelta(hours=1))
    await talk.settle()
    assert len(thread(talk)[1]) == 5


async def test_who_may_turn_it_on_and_where(talk):
    assert "nothing here for you" in said(await talk.say("bob", "quiz on", "ml"))
    assert "channel that it is for" in said(await talk.say("ada", "quiz on"))
    assert "no weekly quiz in this channel" in said(await talk.say("bob", "quiz", "ml"))
    await talk.say("ada", "quiz on", "new-place")
    assert "gets the weekly quiz already" in said(await talk.say("ada", "quiz on", "new-place"))
    assert "next quiz opens here on Tuesday 24 November, 10:00" in said(await talk.say("bob", "quiz", "new-place"))
    await talk.until(OPENS)
    assert len(talk.see("new-place")) == 6


async def test_turned_off_before_it_opens_nothing_comes(talk):
    await talk.say("ada", "quiz on", "ml")
    await talk.until(OPENS - timedelta(minutes=1))
    assert "no more quizzes" in said(await talk.say("ada", "quiz off", "ml"))
    await talk.go(timedelta(days=8))
    assert talk.see("ml") == []


async def test_turned_off_while_open_it_runs_to_its_end(talk):
    await opened(talk)
    reply = said(await talk.say("ada", "quiz off", "ml"))
    assert "stays open until Thursday 26 November, 16:00" in reply
    await talk.go(timedelta(days=8))
    parent, replies = thread(talk)
    assert "Closed." in parent.words
    assert len(replies) == 6
    state = said(await talk.say("bob", "quiz", "ml"))
    assert "Last quiz: First look" in state
    assert "No further quiz is planned" in state


@pytest.mark.parametrize(
    "value", ["", ":", "nothing:0", f"quiz-{WEEK}-1", f"quiz-{WEEK}-1:3", f"quiz-{WEEK}-1:-1", f"quiz-{WEEK}-1:\u0661"]
)
async def test_forged_buttons_are_refused(talk, value):
    await opened(talk)
    assert "no longer in use" in said(await talk.does("bob", Pressed("quiz.answer", value), "ml"))
    assert counters(talk, "bob") == (0, 0)


async def test_a_forged_week_is_refused(talk):
    await opened(talk)
    for week in ("", "2026-W49", "x" * 200):
        assert "no longer in use" in said(await talk.does("bob", Pressed("quiz.next", week), "ml"))
