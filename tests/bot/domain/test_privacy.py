"""What a reader may learn about a group: sets that move by nobody or by k, bands, and an attacker who compares editions."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.digests import Activity, figures
from bot.domain.privacy import BAND, SMALL_GROUP, is_hard, next_set, sealed, share

people = st.frozensets(st.integers(0, 30).map(str), max_size=25)
floors = st.integers(4, 8)


@given(st.lists(people, min_size=1, max_size=12), floors)
def test_the_set_moves_by_nobody_or_by_at_least_k(presences, k):
    published: list[frozenset[str]] = [frozenset()]
    for present in presences:
        published.append(next_set(published[-1], present, k))
    for before, after in pairwise(published):
        moved = len(before ^ after)
        assert moved == 0 or moved >= k
        assert after == frozenset() or len(after) >= k


@given(people, people, floors)
def test_the_set_is_who_is_there_or_who_was_published(before, present, k):
    after = next_set(before, present, k)
    assert after in {before, present, frozenset()}
    if len(present) >= k and len(present ^ before) >= k:
        assert after == present


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), floors)
def test_a_share_tells_no_more_than_its_band(part, more, size, k):
    one = share(part, part + more, size, k)
    if one.withheld:
        assert (one.low, one.high) == (None, None)
        assert size < k or part == 0 or more == 0
        return
    assert size >= k
    assert one.low is not None
    assert one.high is not None
    assert one.low <= 100 * part / (part + more) + 1
    assert one.high >= 100 * part / (part + more) - 1
    assert 0 <= one.low <= one.high <= 100
    assert one.high - one.low == (BAND if size < SMALL_GROUP else 0)
    if size >= SMALL_GROUP:
        assert 0 < one.low < 100  # nearly all is not all


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 12), floors)
def test_a_topic_is_hard_only_for_enough_people_and_never_for_everybody(answers, wrong, size, k):
    wrong = min(wrong, answers)
    if is_hard(answers, wrong, size, k):
        assert size >= k
        assert answers >= 10
        assert 0.4 * answers <= wrong < answers


def test_figures_of_few_people_say_nothing_but_that():
    told = figures({"a": Activity(lessons=1, lessons_sent=1)}, ["a", "b", "c", "d"], ["Drift"], 5)
    assert not told.shown
    assert {told.took_part.withheld, told.lessons.withheld, told.quiz.withheld} == {"small"}
    assert told.action == "wait"


def test_a_share_of_lessons_is_about_those_who_take_them():
    """Five people of whom one takes lessons: the share would be that person's."""
    rows = {"a": Activity(lessons=3, lessons_sent=5), "b": Activity(answers=1)}
    told = figures(rows, list("abcdef"), (), 5)
    assert told.lessons.withheld == "small"
    assert told.took_part.low is not None
    six = {name: Activity(lessons=at % 3, lessons_sent=2) for at, name in enumerate("abcdef")}
    assert figures(six, list("abcdef"), (), 5).lessons.low is not None


def test_all_alike_is_withheld():
    everybody = {name: Activity(lessons=1, lessons_sent=1, quiz_answers=1) for name in "abcdef"}
    told = figures(everybody, list("abcdef"), (), 5)
    assert {told.took_part.withheld, told.lessons.withheld, told.quiz.withheld, told.office_hours.withheld} == {
        "uniform"
    }


def test_a_hash_needs_its_key():
    assert sealed("one", "ann") == sealed("one", "ann")
    assert len({sealed("one", "ann"), sealed("two", "ann"), sealed("one", "bob"), "ann"}) == 4


# ---- an attacker with every edition


def editions(rule, seed, weeks=26, k=5):
    """One team over half a year in which people come and go one at a time; (published set, who was active) a week."""
    chance = random.Random(seed)
    team = {f"m{at}" for at in range(chance.randint(5, 9))}
    published: frozenset[str] = frozenset()
    made = []
    for week in range(weeks):
        if chance.random() < 0.5:
            team.add(f"n{week}")
        if len(team) > 5 and chance.random() < 0.4:
            team.discard(chance.choice(sorted(team)))
        published = rule(published, frozenset(team), k)
        active = {name for name in sorted(team) if chance.random() < 0.6}
        made.append((published, active & published))
    return made


def recovered(made):
    """Differences of one person between two published sets: with exact counts, that person's figure."""
    return sum(len(one ^ other) == 1 for (one, _), (other, _) in pairwise(made) if one and other)


def by_threshold_alone(_published, present, k):
    return present if len(present) >= k else frozenset()


def test_comparing_editions_recovers_nobody():
    assert sum(recovered(editions(next_set, seed)) for seed in range(300)) == 0


def test_control_a_threshold_alone_lets_editions_be_compared():
    caught = sum(recovered(editions(by_threshold_alone, seed)) > 0 for seed in range(300))
    assert caught > 150


def test_the_rule_still_tells_most_teams_something():
    useful = [sum(bool(one) for one, _ in editions(next_set, seed)) / 26 for seed in range(300)]
    assert sum(share >= 0.75 for share in useful) / len(useful) > 0.7
