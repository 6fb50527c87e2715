"""What waits for its turn is told by lane, and a wave on its way is no trouble."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain.deliveries import Outgoing
from storage import operations
from storage.ledger import delivery
from storage.queues import queues
from tests.storage.conftest import NOW, learner

MINUTE = timedelta(minutes=1)


@pytest.fixture
def wave(parts, others):
    """Three messages that were due twenty minutes ago, one that is not due yet, and one of the other company."""
    late = [Outgoing(kind="note", subject=f"s{at}", period="1", member="ann", due_at=NOW) for at in range(3)]
    reply = Outgoing(kind="note", subject="reply", period="1", member="ann", due_at=NOW, root=late[0].key)
    coming = Outgoing(kind="note", subject="later", period="1", member="ann", due_at=NOW + 40 * MINUTE)
    parts.ledger.put([*late, reply, coming], NOW)
    others.ledger.put(late[:1], NOW)
    return parts


def seen(parts, at):
    return [(one.workspace, one.waiting, one.oldest_due, one.moves) for one in queues(parts.conn, at)]


def test_what_is_due_is_counted_by_lane(wave):
    """What hangs on a message that is not there yet waits for that, not for its turn."""
    assert seen(wave, NOW + 20 * MINUTE) == [("w-acme", 3, NOW, False), ("w-bravo", 1, NOW, False)]
    assert seen(wave, NOW - MINUTE) == []


def test_a_wave_on_its_way_is_not_stuck_and_one_that_stands_is(wave):
    (sent,) = wave.dispatch.claim("w-acme", "me", NOW, 1)
    wave.dispatch.sent(sent, "m1", NOW + 17 * MINUTE)
    at = NOW + 20 * MINUTE
    assert seen(wave, at)[0] == ("w-acme", 3, NOW, True)  # the reply may go now

    def stuck(when):
        return sorted(one.workspace for one in operations.troubles(wave.conn, when))

    assert stuck(at) == ["w-bravo"]
    assert stuck(NOW + 30 * MINUTE) == ["w-acme", "w-acme", "w-bravo"]
    wave.conn.execute(update(delivery).where(delivery.c.id == sent.id).values(settled_at=NOW + 420 * MINUTE))
    assert stuck(NOW + 421 * MINUTE) == ["w-acme", "w-acme", "w-acme", "w-bravo"]


def test_a_wave_is_in_the_order_of_the_members(parts):
    for name in ("cyd", "ann", "bob"):
        parts.lessons.save(learner(name))
    parts.lessons.plan(NOW - timedelta(hours=1), NOW)
    assert [one.member for one in parts.dispatch.claim("w-acme", "me", NOW, 10)] == ["ann", "bob", "cyd"]


def test_crowds_are_counted_by_time_and_where_they_are_sent_to(parts, others):
    for name, minute in (("ann", 570), ("bob", 570), ("cyd", 600)):
        parts.lessons.save(learner(name, minute=minute))
        others.lessons.save(learner(name, minute=minute))
    parts.lessons.save(learner("bob", paused=True))
    (lane,) = parts.cohorts.crowds()
    assert (lane[0], sorted((one.zone, one.minute, one.people) for one in lane[1])) == (
        "test",
        [("Europe/Berlin", 570, 1), ("Europe/Berlin", 600, 1)],
    )


def test_only_the_texts_of_what_is_parked_and_old_are_deleted(parts):
    said = {"words": "secret"}
    names = ("parked", "doubtful", "sent", "ready", "young", "held")
    due = {"young": NOW + MINUTE}
    rows = [
        Outgoing(kind="note", subject=one, period="1", member="ann", due_at=due.get(one, NOW), payload=said)
        for one in names
    ]
    parts.ledger.put(rows, NOW)
    mine = {one.subject: one for one in parts.dispatch.claim("w-acme", "me", NOW + MINUTE, 10)}
    parts.dispatch.intend("me", [one for name, one in mine.items() if name != "ready"], {})
    parts.dispatch.end(mine["parked"], "dead", "channel gone")
    parts.dispatch.give_up(mine["doubtful"], "outcome unknown")
    parts.dispatch.sent(mine["sent"], "m", NOW)
    parts.dispatch.end(mine["young"], "dead", "channel gone")
    parts.dispatch.unknown(mine["held"], "held", 0.0)
    assert parts.dispatch.forget_texts(NOW + MINUTE) == 2
    kept = {name: parts.ledger.get(one.id) for name, one in mine.items()}
    assert {name for name, one in kept.items() if one.payload == {}} == {"parked", "doubtful"}
    assert kept["parked"].reason == "text deleted, channel gone"
    ids = [kept["parked"].id, kept["doubtful"].id]
    assert operations.replay(parts.conn, ids, NOW) == []
    assert sorted(operations.drop(parts.conn, ids, NOW)) == sorted(ids)
    assert [parts.ledger.get(id).state for id in ids] == [
        "skipped",
        "dead",
    ]  # what may be there is never said to be unsent
