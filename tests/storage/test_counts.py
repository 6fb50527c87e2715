"""Counters, jobs, packs, editions and the batches of look-ups, on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import NoResultFound

from bot.domain.digests import Activity, figures
from bot.ports.digest import Edition
from bot.ports.glossary import OwnTerm
from storage import packs
from storage.glossary import own_revisions
from storage.jobs import StepTaken
from storage.tally import Tally
from tests.storage.conftest import NOW

MONDAY = date(2026, 11, 23)
HOUR = timedelta(hours=1)


# ---- participation


def test_counters_add_up_in_one_row_a_day(parts):
    parts.participation.add("ann", MONDAY, "lessons")
    parts.participation.add("ann", MONDAY, "lessons", 2)
    parts.participation.add("ann", MONDAY, "answers")
    parts.participation.add("ann", MONDAY + timedelta(days=7), "lessons")
    found = parts.digest.activity(["ann", "bob"], MONDAY, MONDAY + timedelta(days=6))
    assert found == {"ann": Activity(lessons=3, answers=1)}


# ---- glossary


def test_uses_and_misses_add_up(parts):
    parts.glossary.add_uses({"core:term/psi": 2})
    parts.glossary.add_uses({"core:term/psi": 1, "core:term/drift": 1})
    assert parts.glossary.uses() == {"core:term/psi": 3, "core:term/drift": 1}
    parts.glossary.add_misses({"psy": 1, "skrew": 3}, NOW)
    parts.glossary.add_misses({"psy": 4}, NOW + HOUR)
    assert [(one.words, one.asked, one.last) for one in parts.glossary.misses()] == [
        ("psy", 5, NOW + HOUR),
        ("skrew", 3, NOW),
    ]
    assert len(parts.glossary.misses(limit=1)) == 1


def test_a_suggestion_waits_for_an_editor(parts):
    parts.glossary.suggest("s1", "Feature flag", "", "ann", NOW)
    total, oldest = parts.glossary.waiting()
    assert (total, oldest.term) == (1, "Feature flag")
    assert parts.glossary.decide("s1", "approved", NOW)
    assert not parts.glossary.decide("s1", "refused", NOW)
    assert parts.glossary.waiting() == (0, None)
    assert parts.glossary.suggestion("s1") is None


def test_every_revision_of_an_entry_is_kept(parts):
    first = OwnTerm(id="own:flag", term="Flag", short="A switch.")
    assert parts.glossary.keep_own(first, "ann", NOW) == 1
    assert (
        parts.glossary.keep_own(OwnTerm(id="own:flag", term="Flag", short="Better.", plain="On or off."), "bob", NOW)
        == 2
    )
    assert parts.glossary.own("own:flag").short == "Better."
    assert [(one.entry.rev, one.entry.short, one.editor) for one in parts.glossary.revisions("own:flag")] == [
        (2, "Better.", "bob"),
        (1, "A switch.", "ann"),
    ]
    assert parts.glossary.own("own:other") is None


def test_every_change_of_an_entry_raises_the_revision_of_all_of_a_companys(parts, others):
    assert parts.glossary.entries() == (0, [])
    assert not parts.glossary.has_changed
    for revision, id in enumerate(("own:a", "own:b", "own:a"), 1):
        parts.glossary.keep_own(OwnTerm(id=id, term=id, short="Short."), "ann", NOW)
        assert own_revisions(parts.conn) == {"acme": revision}
    revision, entries = parts.glossary.entries()
    assert (revision, [(one.id, one.rev) for one in entries]) == (3, [("own:a", 2), ("own:b", 1)])
    assert parts.glossary.has_changed
    assert others.glossary.entries() == (0, [])


def test_what_was_counted_in_memory_is_written_once(parts, others):
    tally = Tally()
    tally.look_up("acme", "core:term/psi")
    tally.look_up("acme", "core:term/psi")
    tally.miss("bravo", "psy" * 200)
    tally.active("acme", "ann", NOW)
    assert tally.tenants() == ["acme", "bravo"]
    for one in (parts, others, parts):
        tally.flush(one, NOW)
    assert parts.glossary.uses() == {"core:term/psi": 2}
    assert others.glossary.uses() == {}
    assert [len(one.words) for one in others.glossary.misses()] == [200]
    assert tally.tenants() == []


# ---- jobs


def test_a_job_starts_once_and_goes_on_from_its_cursor(parts):
    assert parts.jobs.start("publish", "2026-W47", NOW)
    assert not parts.jobs.start("publish", "2026-W47", NOW)
    assert parts.jobs.due(NOW - HOUR) is None
    assert parts.jobs.next_due(NOW - HOUR) == NOW
    job = parts.jobs.due(NOW)
    assert (job.name, job.period, job.cursor) == ("publish", "2026-W47", {})
    parts.jobs.advance(job, {"waiting": [1, 2]}, "0/2")
    again = parts.jobs.due(NOW)
    assert again.cursor == {"waiting": [1, 2]}
    parts.jobs.finish(again)
    assert parts.jobs.due(NOW) is None
    assert not parts.jobs.start("publish", "2026-W47", NOW)


def test_the_job_that_has_been_due_longest_comes_first(parts):
    parts.jobs.start("b", "1", NOW)
    parts.jobs.start("a", "1", NOW)
    parts.jobs.start("c", "1", NOW - HOUR)
    assert parts.jobs.due(NOW).name == "c"
    assert parts.jobs.due(NOW, [("c", "1")]).name == "a"
    assert parts.jobs.due(NOW, [("c", "1"), ("a", "1"), ("b", "1")]) is None


@pytest.mark.parametrize("change", ["advance", "finish"])
def test_a_step_is_taken_by_one_worker(parts, change):
    """The other one's step is undone with its transaction, so no team is computed twice."""
    parts.jobs.start("publish", "1", NOW)
    mine, yours = parts.jobs.due(NOW), parts.jobs.due(NOW)
    parts.jobs.advance(yours, {"at": 1}, "")
    with pytest.raises(StepTaken):
        parts.jobs.advance(mine, {"at": 0}, "") if change == "advance" else parts.jobs.finish(mine)
    assert parts.jobs.due(NOW).cursor == {"at": 1}


def test_a_job_that_fails_again_and_again_is_given_up(parts):
    parts.jobs.start("publish", "1", NOW)
    for _ in range(2):
        parts.jobs.failed(parts.jobs.due(NOW), "ValueError", 3)
    parts.jobs.advance(parts.jobs.due(NOW), {"at": 1}, "")  # a step that worked counts anew
    for _ in range(3):
        assert parts.jobs.due(NOW).cursor == {"at": 1}
        parts.jobs.failed(parts.jobs.due(NOW), "ValueError", 3)
    assert parts.jobs.due(NOW) is None


# ---- packs


def test_a_pack_is_kept_under_its_version(connection):
    packs.activate(connection, "v1", "f1", b"one", NOW)
    packs.activate(connection, "v2", "f2", b"two", NOW)
    assert packs.active(connection, "f1") == ("v1", b"one")
    assert packs.load(connection, "v2") == b"two"
    assert packs.active(connection, "f3") is None
    with pytest.raises(NoResultFound):
        packs.load(connection, "v3")


def test_the_same_pack_from_other_files_is_one_version(connection):
    packs.activate(connection, "v1", "f1", b"one", NOW)
    packs.activate(connection, "v1", "f2", b"one", NOW)
    assert packs.active(connection, "f2") == ("v1", b"one")
    assert packs.active(connection, "f1") is None


# ---- digests


def edition(week="2026-W47", reader="ann", people=6):
    return Edition("blue", reader, week, figures({}, [f"m{at}" for at in range(people)], (), 5))


def test_an_edition_is_published_once(parts):
    first = edition()
    assert parts.digest.publish(first, NOW)
    assert not parts.digest.publish(edition(people=2), NOW)
    assert parts.digest.editions("blue", "ann", 8) == [first]


def test_editions_newest_first_and_for_their_reader_alone(parts):
    for week in ("2026-W46", "2026-W47", "2026-W45"):
        parts.digest.publish(edition(week), NOW)
    parts.digest.publish(edition(reader="bob"), NOW)
    assert [one.week for one in parts.digest.editions("blue", "ann", 2)] == ["2026-W47", "2026-W46"]
    assert [one.week for one in parts.digest.editions("blue", "bob", 8)] == ["2026-W47"]
    assert parts.digest.editions("blue", "cyd", 8) == []


def test_a_set_of_people_is_kept_as_keyed_hashes(parts, others):
    sealed = parts.digest.seal(["ann", "bob"])
    assert sealed != others.digest.seal(["ann", "bob"])
    assert not {"ann", "bob"} & sealed
    parts.digest.publish_set("blue", "ann", sealed)
    assert parts.digest.published_set("blue", "ann") == sealed
    assert parts.digest.published_set("blue", "bob") == frozenset()
    parts.people.leave("bob", NOW)
    assert parts.digest.unseal(sealed) == ["ann", "bob"]
    parts.digest.publish_set("blue", "ann", frozenset())
    assert parts.digest.published_set("blue", "ann") == frozenset()
