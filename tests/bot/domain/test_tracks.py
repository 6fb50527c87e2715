"""Several tracks: turns, what must come first, how far one has come, and the days ahead."""

from datetime import date, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pack import Lesson, Track
from bot.domain.tracks import Choice, Courses, Enrolment, ahead, choose, standing, taught

IDS = [f"l{at}" for at in range(12)]
DAY = date(2026, 11, 23)


def lesson(id, prereqs=(), topic="data", status="active"):
    return Lesson(
        id=id, rev=1, title=id, topic=topic, level=1, objective="o", body="b", core_question="q", try_today="t",
        why={}, owner="o", reviewed="2026-01-01", prereqs=tuple(prereqs), status=status,
    )  # fmt: skip


@st.composite
def schools(draw):
    """Lessons that build on earlier ones only, and tracks over them in any order."""
    lessons = {}
    for at, id in enumerate(IDS):
        bases = draw(st.lists(st.sampled_from(IDS[:at]), max_size=2, unique=True)) if at else []
        lessons[id] = lesson(id, bases, draw(st.sampled_from(["data", "monitoring", "roles"])))
    orders = draw(st.lists(st.lists(st.sampled_from(IDS), min_size=1, unique=True), min_size=1, max_size=3))
    tracks = {f"t{at}": Track(f"t{at}", f"T{at}", tuple(order)) for at, order in enumerate(orders)}
    return lessons, tracks


def chosen(*given) -> Choice:
    found = choose(*given)
    assert found is not None
    return found


def dry_run(lessons, tracks, days=40):
    dates = [DAY + timedelta(days=at) for at in range(days)]
    return ahead(dates, Courses(tracks, lessons), [Enrolment(id) for id in tracks], set(), {})


@given(schools())
def test_everything_comes_once_and_after_what_it_builds_on(school):
    lessons, tracks = school
    order = [one.lesson for _, one in dry_run(lessons, tracks) if one is not None]
    assert len(order) == len(set(order))
    assert {id for track in tracks.values() for id in track.lessons} <= set(order)
    for at, id in enumerate(order):
        assert set(lessons[id].prereqs) <= set(order[:at])


@given(schools())
def test_tracks_that_have_lessons_left_take_turns(school):
    lessons, tracks = school
    done: set[str] = set()
    turns: list[str] = []
    for _, one in dry_run(lessons, tracks):
        if one is None:
            break
        open_tracks = {id for id in tracks if set(taught(tracks[id], lessons)) - done}
        last = turns[-(len(tracks) - 1) :] if len(tracks) > 1 else []
        assert one.track not in last or not open_tracks - set(last)
        turns.append(one.track)
        done.add(one.lesson)


@given(schools(), st.sets(st.sampled_from(IDS)), st.integers(0, 12))
def test_what_is_done_never_falls_when_lessons_are_added(school, done, cut):
    _lessons, tracks = school
    track = next(iter(tracks.values()))
    begun = msgspec.structs.replace(track, lessons=track.lessons[: max(1, cut)])
    before, after = (standing(one, len(begun.lessons), done) for one in (begun, track))
    assert after.total == before.total
    assert after.done >= before.done
    assert after.new == len(track.lessons) - len(begun.lessons)
    assert 0 <= after.new_done <= after.new


def test_three_new_lessons_are_counted_beside_what_there_was():
    track = Track("t", "T", tuple(IDS[:8]))
    stands = standing(track, 5, set(IDS[:6]))
    assert (stands.done, stands.total, stands.new, stands.new_done) == (5, 5, 3, 1)
    assert not stands.finished
    assert standing(track, 5, set(IDS)).finished


def test_a_topic_is_not_repeated_where_another_lesson_soon_after_can_take_its_place():
    lessons = {id: lesson(id, topic="data" if at < 11 else "roles") for at, id in enumerate(IDS)}
    tracks = {"t": Track("t", "T", tuple(IDS))}
    found = chosen(Courses(tracks, lessons), [Enrolment("t")], set(IDS[:10]), dict.fromkeys(IDS[:10], 1), "l9")
    assert found.lesson == "l11"
    early = chosen(Courses(tracks, lessons), [Enrolment("t")], set(IDS[:5]), dict.fromkeys(IDS[:5], 1), "l4")
    assert early.lesson == "l5"


def test_what_is_retired_or_unknown_is_not_taught():
    lessons = {"l0": lesson("l0", status="retired"), "l1": lesson("l1", prereqs=["l0", "gone"])}
    assert taught(Track("t", "T", ("l0", "l1", "gone")), lessons) == ["l1"]
    assert choose(Courses({}, lessons), [Enrolment("gone")], set(), {}) is None


def test_a_lesson_shown_and_not_finished_waits_behind_the_fresh_ones():
    lessons = {id: lesson(id) for id in IDS[:3]}
    tracks = {"t": Track("t", "T", tuple(IDS[:3]))}
    assert chosen(Courses(tracks, lessons), [Enrolment("t")], set(), {"l0": 1}).lesson == "l1"
    assert chosen(Courses(tracks, lessons), [Enrolment("t")], {"l1", "l2"}, {"l0": 1}).lesson == "l0"
