"""Claim, intent, result: leases and epochs decide who may send, and nothing settled is overwritten."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain.deliveries import Outgoing
from bot.ports.lessons import Given
from storage.ledger import delivery, message_budget
from storage.people import inbox
from tests.storage.conftest import NOW

HOUR = timedelta(hours=1)


def put(parts, subject="s", *, due=NOW, **values):
    one = Outgoing(kind="note", subject=subject, period="1", due_at=due, **{"member": "ann", **values})
    parts.ledger.put([one], NOW)
    return parts.ledger.find(one.key)


def claim(parts, owner="me", at=NOW, limit=10):
    return parts.dispatch.claim("w-acme", owner, at, limit)


def state(parts, row):
    return parts.ledger.get(row.id).state


def lapse(parts, row):
    """Let the lease of a row end, as if its worker had slept."""
    parts.conn.execute(update(delivery).where(delivery.c.id == row.id).values(lease_until=0.0))


def open_now(parts, row):
    """Let the time pass for which a retry waits."""
    parts.conn.execute(update(delivery).where(delivery.c.id == row.id).values(not_before=0.0))


# ---- claims


def test_due_rows_come_in_the_order_of_their_time(parts):
    late, early = put(parts, "late"), put(parts, "early", due=NOW - HOUR)
    put(parts, "tomorrow", due=NOW + HOUR)
    assert [one.id for one in claim(parts)] == [early.id, late.id]


def test_a_claim_takes_no_more_than_asked_and_each_row_once(parts):
    rows = [put(parts, f"s{at}") for at in range(5)]
    assert [one.id for one in claim(parts, limit=2)] == [one.id for one in rows[:2]]
    assert [one.id for one in claim(parts, "you")] == [one.id for one in rows[2:]]
    assert claim(parts) == []


def test_only_this_workspace(parts):
    put(parts)
    assert parts.dispatch.claim("w-other", "me", NOW, 10) == []


def test_what_hangs_on_a_message_waits_for_it(parts):
    put(parts)
    put(parts, "reply", root=("note", "s", "1"))
    (root,) = claim(parts)
    assert claim(parts) == []
    parts.dispatch.intend("me", [root], {})
    parts.dispatch.sent(root, "m1", NOW)
    (reply,) = claim(parts)
    assert reply.thread == "m1"


@pytest.mark.parametrize("ended", ["skipped", "missed", "expired", "dead"])
def test_what_hangs_on_a_message_that_will_never_be_there_ends(parts, ended):
    put(parts)
    put(parts, "reply", root=("note", "s", "1"))
    (root,) = claim(parts)
    parts.dispatch.end(root, ended, "x")
    assert parts.dispatch.expire(NOW) == 1
    reply = parts.ledger.find(("note", "reply", "1"))
    assert (reply.state, reply.reason) == ("skipped", "root not sent")


def test_what_hangs_on_a_doubtful_message_goes_on_waiting(parts):
    put(parts)
    reply = put(parts, "reply", root=("note", "s", "1"))
    (root,) = claim(parts)
    parts.dispatch.intend("me", [root], {})
    parts.dispatch.unknown(root, "reset", 0.0)
    assert parts.dispatch.expire(NOW) == 0
    assert claim(parts) == []
    assert state(parts, reply) == "ready"


# ---- the intent


def test_an_intent_stores_what_was_chosen_and_counts(parts):
    put(parts)
    (row,) = claim(parts)
    assert parts.dispatch.intend("me", [row], {row.id: {"lesson": "x"}}) == {row.id}
    found = parts.ledger.get(row.id)
    assert (found.state, found.attempts, found.chosen) == ("sending", 1, {"lesson": "x"})


def test_a_second_intent_keeps_what_was_chosen(parts):
    put(parts)
    (row,) = claim(parts)
    parts.dispatch.intend("me", [row], {row.id: {"lesson": "x"}})
    parts.dispatch.again(row, "busy", 0.0)
    (row,) = claim(parts)
    assert row.chosen == {"lesson": "x"}
    parts.dispatch.intend("me", [row], {})
    assert parts.ledger.get(row.id).chosen == {"lesson": "x"}


def test_a_worker_that_slept_past_its_lease_fails_at_the_intent(parts):
    row = put(parts)
    (mine,) = claim(parts, "me")
    lapse(parts, row)
    assert parts.dispatch.recover(everything=False) == 1
    (yours,) = claim(parts, "you")
    assert yours.epoch > mine.epoch
    assert parts.dispatch.hold("me", [mine]) == []
    assert parts.dispatch.intend("me", [mine], {}) == set()
    assert parts.dispatch.hold("you", [yours]) == [yours]
    assert parts.dispatch.intend("you", [yours], {}) == {row.id}


def test_control_without_owner_and_epoch_both_would_send(parts):
    """What the condition is for: by the state alone the sleeper's intent would pass."""
    row = put(parts)
    claim(parts, "me")
    lapse(parts, row)
    parts.dispatch.recover(everything=False)
    claim(parts, "you")
    blind = update(delivery).where(delivery.c.id == row.id, delivery.c.state == "claimed").values(reason="mine")
    assert parts.conn.execute(blind).rowcount == 1


def test_the_same_worker_cannot_use_a_claim_it_lost(parts):
    row = put(parts)
    (first,) = claim(parts)
    lapse(parts, row)
    parts.dispatch.recover(everything=False)
    (second,) = claim(parts)
    assert parts.dispatch.hold("me", [first]) == []
    assert parts.dispatch.hold("me", [second]) == [second]


def test_what_was_taken_back_fails_at_the_intent(parts):
    put(parts)
    (row,) = claim(parts)
    parts.ledger.skip("paused", member="ann")
    assert parts.dispatch.hold("me", [row]) == []
    assert parts.dispatch.intend("me", [row], {}) == set()


def test_an_intent_has_a_lease_of_its_own(parts):
    """Otherwise a call that begins late in the lease of its claim is taken over while it is under way."""
    row = put(parts)
    (mine,) = claim(parts)
    lapse(parts, row)
    assert parts.dispatch.hold("me", [mine]) == [mine]
    parts.dispatch.intend("me", [mine], {})
    assert parts.dispatch.recover(everything=False) == 0
    assert state(parts, row) == "sending"


# ---- results


def sending(parts, **values):
    put(parts, **values)
    (row,) = claim(parts)
    assert parts.dispatch.intend("me", [row], {}) == {row.id}
    return row


def test_sent_is_recorded_once(parts):
    row = sending(parts)
    assert parts.dispatch.sent(row, "m1", NOW)
    assert not parts.dispatch.sent(row, "m2", NOW)
    assert parts.ledger.get(row.id).message_id == "m1"


def test_a_refused_call_waits_and_comes_again(parts):
    row = sending(parts)
    parts.dispatch.again(row, "429", 60.0)
    assert claim(parts) == []
    open_now(parts, row)
    (again,) = claim(parts)
    assert (again.id, again.attempts, again.reason) == (row.id, 1, "429")


def test_an_unknown_outcome_is_neither_ready_nor_lost(parts):
    row = sending(parts)
    parts.dispatch.unknown(row, "timeout", 60.0)
    assert claim(parts) == []
    assert parts.dispatch.doubtful("w-acme", 10) == []
    open_now(parts, row)
    assert [one.id for one in parts.dispatch.doubtful("w-acme", 10)] == [row.id]


def test_composing_that_raised_counts_an_attempt(parts):
    put(parts)
    (row,) = claim(parts)
    parts.dispatch.failed(row, "boom", 0.0)
    (again,) = claim(parts)
    assert (again.attempts, again.reason) == (1, "boom")


def test_an_intent_that_was_not_used_counts_nothing(parts):
    row = sending(parts)
    parts.dispatch.uncalled(row)
    (again,) = claim(parts)
    assert again.attempts == 0


@pytest.mark.parametrize("result", ["end", "unknown", "again", "failed", "uncalled", "unanswered"])
def test_a_worker_that_froze_overwrites_nothing(parts, result):
    """It froze in its call; meanwhile the row was taken over, sent by another, and settled."""
    mine = sending(parts)
    lapse(parts, mine)
    parts.dispatch.recover(everything=False)
    parts.dispatch.resend(parts.ledger.get(mine.id), 0.0)
    (yours,) = claim(parts, "you")
    parts.dispatch.intend("you", [yours], {})
    late = {
        "end": lambda: parts.dispatch.end(mine, "dead", "no"),
        "unknown": lambda: parts.dispatch.unknown(mine, "reset", 0.0),
        "again": lambda: parts.dispatch.again(mine, "429", 0.0),
        "failed": lambda: parts.dispatch.failed(mine, "boom", 0.0),
        "uncalled": lambda: parts.dispatch.uncalled(mine),
        "unanswered": lambda: parts.dispatch.unanswered(mine, 0.0),
    }[result]
    late()
    assert state(parts, mine) == "sending"
    parts.dispatch.sent(yours, "m1", NOW)
    late()
    assert state(parts, mine) == "sent"


# ---- budget


def test_one_sitting_a_day(parts):
    first, second = put(parts, "a"), put(parts, "b")
    day = NOW.date()
    assert parts.dispatch.take_budget("ann", day, first.id)
    assert parts.dispatch.take_budget("ann", day, first.id)  # already mine
    assert not parts.dispatch.take_budget("ann", day, second.id)
    assert parts.dispatch.take_budget("ann", day + timedelta(days=1), second.id)
    assert parts.dispatch.take_budget("bob", day, second.id)


@pytest.mark.parametrize("how", ["end", "skip", "expire"])
def test_what_may_have_arrived_keeps_its_budget_however_it_ends(parts, how):
    mine = sending(parts, expires_at=NOW + timedelta(hours=1))
    parts.dispatch.take_budget("ann", NOW.date(), mine.id)
    parts.dispatch.unknown(mine, "reset", 0.0)
    parts.dispatch.resend(mine, 0.0)
    if how == "end":
        (row,) = claim(parts)
        parts.dispatch.end(row, "skipped", "paused")
    elif how == "skip":
        parts.ledger.skip("paused", member="ann")
    else:
        assert parts.dispatch.expire(NOW + timedelta(hours=1)) == 1
    assert state(parts, mine) == "dead"
    assert not parts.dispatch.take_budget("ann", NOW.date(), put(parts, "b").id)


def test_what_ends_unsent_gives_its_budget_back(parts):
    row = sending(parts)
    parts.dispatch.take_budget("ann", NOW.date(), row.id)
    parts.dispatch.end(row, "dead", "no")
    assert parts.dispatch.take_budget("ann", NOW.date(), put(parts, "b").id)


def test_what_may_have_arrived_keeps_its_budget(parts):
    row = sending(parts)
    parts.dispatch.take_budget("ann", NOW.date(), row.id)
    parts.dispatch.unknown(row, "reset", 0.0)
    assert not parts.dispatch.take_budget("ann", NOW.date(), put(parts, "b").id)


def test_expiry_gives_the_budget_back(parts):
    row = put(parts, expires_at=NOW)
    parts.dispatch.take_budget("ann", NOW.date(), row.id)
    assert parts.dispatch.expire(NOW) == 1
    assert (state(parts, row), parts.ledger.get(row.id).reason) == ("expired", "past its time")
    assert parts.dispatch.take_budget("ann", NOW.date(), put(parts, "b").id)


def test_only_what_waits_expires(parts):
    row = sending(parts, expires_at=NOW)
    put(parts, "later", due=NOW, expires_at=NOW + HOUR)
    assert parts.dispatch.expire(NOW) == 0
    assert state(parts, row) == "sending"


# ---- recovery, marks, retention


def test_a_starting_process_takes_over_everything(parts):
    row = sending(parts, subject="a")
    claimed, ready = put(parts, "b"), put(parts, "c", due=NOW + HOUR)
    claim(parts)
    assert parts.dispatch.recover(everything=False) == 0
    assert parts.dispatch.recover(everything=True) == 2
    assert [state(parts, one) for one in (row, claimed, ready)] == ["unknown", "ready", "ready"]


def test_a_call_of_a_dead_process_is_looked_for_after_a_while(parts):
    """Its request may be on the way still: looked for at once it would be absent, and sent again."""
    row = sending(parts)
    parts.dispatch.recover(everything=True, look_in=3.0)
    assert (state(parts, row), parts.dispatch.doubtful("w-acme", 10)) == ("unknown", [])
    open_now(parts, row)
    assert [one.id for one in parts.dispatch.doubtful("w-acme", 10)] == [row.id]


def test_the_mark_never_moves_back(parts):
    assert parts.dispatch.marked() is None
    parts.dispatch.mark(NOW)
    parts.dispatch.mark(NOW - HOUR)
    assert parts.dispatch.marked() == NOW
    parts.dispatch.mark(NOW + HOUR)
    assert parts.dispatch.marked() == NOW + HOUR


def test_the_next_due_row(parts):
    assert parts.dispatch.next_due(NOW) is None
    put(parts, "a", due=NOW + 2 * HOUR)
    put(parts, "b", due=NOW + HOUR)
    assert parts.dispatch.next_due(NOW) == NOW + HOUR
    assert parts.dispatch.next_due(NOW + HOUR) == NOW + 2 * HOUR


def test_retention_takes_old_events_ended_rows_and_spent_budgets(parts):
    old = NOW - timedelta(days=100)
    parts.people.first_time("w-acme", "old", old)
    parts.people.first_time("w-acme", "new", NOW)
    kept, gone = put(parts, "open", due=old), put(parts, "sent", due=old)
    parts.dispatch.sent(gone, "m1", old)
    parts.dispatch.take_budget("ann", old.date(), gone.id)
    parts.dispatch.take_budget("ann", NOW.date(), kept.id)
    for asking, at in (("long ago", NOW - timedelta(days=500)), ("last week", NOW - timedelta(days=7))):
        parts.lessons.answer(Given(asking, "ann", "a", True, at))
    parts.dispatch.forget(
        inbox_before=NOW - timedelta(days=7),
        log_before=NOW - timedelta(days=90),
        answers_before=NOW - timedelta(days=400),
    )
    assert (parts.lessons.given("long ago", "ann"), parts.lessons.given("last week", "ann").option) == (None, "a")
    assert (parts.ledger.get(gone.id), parts.ledger.get(kept.id).state) == (None, "ready")
    assert parts.conn.execute(inbox.select()).all()[0].key == "new"
    assert [row.delivery for row in parts.conn.execute(message_budget.select())] == [kept.id]


def test_a_row_number_is_never_used_again(parts):
    """The marker on a platform's message means one delivery for ever."""
    row = put(parts)
    parts.conn.execute(delivery.delete().where(delivery.c.id == row.id))
    assert put(parts).id > row.id
