"""Spaced reviews: the memory of a concept, what is due, and when a concept leaves."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.reviews import (
    LEARNED_PASSES,
    LEARNED_STABILITY,
    LEECH,
    LONGEST,
    RETENTION,
    answered,
    due,
    joins,
    revived,
    sister,
)

DAY = date(2026, 11, 23)
HISTORIES = st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=1, max_size=12)


def lived(history, concept="drift"):
    memory, day = None, DAY
    for wait, right in history:
        day += timedelta(days=wait)
        memory = answered(memory, concept, "q1", 1, right, day)
    return memory


def never_wrong(times):
    memory, day = None, DAY
    for _ in range(times):
        memory = answered(memory, "drift", "q1", 1, right=True, day=day)
        day = memory.due
    return memory


@given(HISTORIES)
def test_the_next_review_is_at_least_a_day_and_at_most_half_a_year_away(history):
    memory = lived(history)
    assert 1 <= (memory.due - memory.reviewed).days <= LONGEST
    assert memory.stability > 0
    assert 1 <= memory.difficulty <= 10


@given(HISTORIES)
def test_a_memory_fades_and_is_about_at_the_wanted_share_when_it_is_due(history):
    memory = lived(history)
    chances = [memory.recall(memory.reviewed + timedelta(days=days)) for days in (0, 1, 30, 300)]
    assert chances == sorted(chances, reverse=True)
    if 1 < (memory.due - memory.reviewed).days < LONGEST:
        assert abs(memory.recall(memory.due) - RETENTION) <= 0.05


@given(HISTORIES)
def test_right_is_never_sooner_than_wrong(history):
    memory = lived(history)
    later = memory.due + timedelta(days=3)
    right, wrong = (answered(memory, "drift", "q2", 1, one, later) for one in (True, False))
    assert right.due >= wrong.due
    assert right.question == "q2"


def test_a_review_at_midnight_is_of_the_local_date_whatever_the_hour():
    first = answered(None, "drift", "q1", 1, right=True, day=DAY)
    assert answered(first, "drift", "q1", 1, right=True, day=DAY).passes == 0  # the same day is not spaced
    assert answered(first, "drift", "q1", 1, right=True, day=DAY + timedelta(days=1)).passes == 1


def test_four_misses_take_a_concept_out():
    memory = lived([(1, False)] * (LEECH - 1))
    assert memory.state == "active"
    memory = answered(memory, "drift", "q1", 1, right=False, day=memory.due)
    assert memory.state == "dropped"
    assert due([memory], memory.due + timedelta(days=400), ()) == []


def test_what_is_firmly_known_leaves_the_reviews():
    states = [never_wrong(times) for times in range(1, 9)]
    first = next(one for one in states if one.state == "learned")
    assert first.stability > LEARNED_STABILITY
    assert first.passes >= LEARNED_PASSES
    assert due([first], first.due + timedelta(days=400), ()) == []


def test_a_changed_question_brings_back_what_had_left():
    memory = lived([(1, False)] * LEECH)
    assert revived(memory, 1, DAY) == memory
    back = revived(memory, 2, DAY)
    assert due([back], DAY, ()) == [back]
    assert answered(back, "drift", "q1", 2, right=False, day=DAY + timedelta(days=9)).state == "active"


@given(st.lists(HISTORIES, max_size=6), st.integers(0, 400), st.sets(st.sampled_from(["c0", "c2", "c4"])))
def test_what_is_marked_comes_first_and_then_what_has_waited_longest(histories, wait, marked):
    memories = [lived(one, f"c{at}") for at, one in enumerate(histories)]
    day = DAY + timedelta(days=wait)
    waiting = due(memories, day, marked)
    places = [(one.concept not in marked, one.due) for one in waiting]
    assert places == sorted(places)
    assert all(one.due <= day for one in waiting)


@given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.integers(1, 20))
def test_sister_questions_take_turns(questions, steps):
    seen = [questions[0]]
    for _ in range(steps):
        seen.append(sister(questions, seen[-1]))
    assert len(set(seen[: len(questions)])) == min(len(questions), len(seen))


def test_a_question_that_is_gone_is_followed_by_the_first():
    assert sister(["a", "b"], "gone") == "a"


def test_wrong_answers_join_and_right_ones_only_where_reviews_want_them():
    assert joins(right=False, is_core=False, is_known=False)
    assert joins(right=True, is_core=True, is_known=False)
    assert joins(right=True, is_core=False, is_known=True)
    assert not joins(right=True, is_core=False, is_known=False)
