"""The ledger as features see it: planned once by key, taken back while unsent, updates that coalesce."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import NoResultFound

from bot.domain.deliveries import Outgoing
from tests.storage.conftest import NOW


def note(subject="s", period="1", member="ann", **values):
    return Outgoing(kind="note", subject=subject, period=period, member=member, **values)


def ids(parts, *outgoing):
    parts.ledger.put(outgoing, NOW)
    return [parts.ledger.find(one.key).id for one in outgoing]


def test_a_key_is_planned_once_and_the_first_stands(parts):
    assert parts.ledger.put([note(payload={"a": 1}), note(payload={"a": 2})], NOW) == 1
    assert parts.ledger.put([note(payload={"a": 3})], NOW) == 0
    assert parts.ledger.find(("note", "s", "1")).payload == {"a": 1}


def test_a_row_is_read_as_it_was_planned(parts):
    due, end = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    parts.ledger.put([note(due_at=due, expires_at=end, payload={"x": [1, "y", None]})], NOW)
    found = parts.ledger.find(("note", "s", "1"))
    assert (found.due_at, found.expires_at, found.payload) == (due, end, {"x": [1, "y", None]})
    assert (found.tenant, found.workspace, found.address) == ("acme", "w-acme", "d-acme-ann")
    assert (found.state, found.attempts, found.epoch, found.thread, found.update_of) == ("ready", 0, 0, None, None)
    assert parts.ledger.get(found.id) == found
    assert parts.ledger.get(found.id + 1_000) is None
    assert parts.ledger.find(("note", "s", "2")) is None


def test_due_now_when_nothing_else_is_said(parts):
    parts.ledger.put([note()], NOW)
    assert parts.ledger.find(("note", "s", "1")).due_at == NOW


def test_a_place_is_a_channel_with_its_address(parts):
    parts.ledger.put([Outgoing(kind="note", subject="s", period="1", place="ml")], NOW)
    assert parts.ledger.find(("note", "s", "1")).address == "c-acme"


@pytest.mark.parametrize("where", [{"member": "nobody"}, {"place": "nowhere"}])
def test_what_has_no_target_is_not_planned(parts, where):
    assert parts.ledger.put([Outgoing(kind="note", subject="s", period="1", **where)], NOW) == 0
    assert not parts.ledger.woken


def test_somebody_who_left_gets_nothing(parts):
    parts.people.leave("ann", NOW)
    assert parts.ledger.put([note()], NOW) == 0


def test_somebody_without_a_conversation_is_reached_by_their_own_id(parts):
    from bot.ports.people import Member

    parts.people.add_member(Member(id="dan", name="Dan"), NOW)
    parts.people.add_account("a-dan", "w-acme", "dan", "u-dan", "")
    parts.ledger.put([note(member="dan")], NOW)
    assert parts.ledger.find(("note", "s", "1")).address == "u-dan"


def test_putting_wakes_and_putting_again_does_not(parts):
    assert not parts.woken
    parts.ledger.put([note()], NOW)
    assert parts.woken
    parts.ledger.woken = False
    parts.ledger.put([note()], NOW)
    assert not parts.woken


def test_a_reply_hangs_on_its_root_and_an_update_replaces_it(parts):
    root, reply, update = ids(
        parts,
        note(),
        note(period="2", root=("note", "s", "1")),
        note(period="3", root=("note", "s", "1"), update=True),
    )
    parts.dispatch.sent(parts.ledger.get(root), "m1", NOW)
    assert (parts.ledger.get(reply).thread, parts.ledger.get(reply).update_of) == ("m1", None)
    assert (parts.ledger.get(update).thread, parts.ledger.get(update).update_of) == (None, "m1")


def test_a_root_that_is_not_there_is_a_defect_of_the_caller(parts):
    with pytest.raises(NoResultFound):
        parts.ledger.put([note(root=("note", "none", "1"))], NOW)


def test_updates_coalesce_until_one_is_taken(parts):
    wish = note(period="update")
    assert parts.ledger.put_latest(wish, NOW)
    assert not parts.ledger.put_latest(wish, NOW)
    first = parts.ledger.find(("note", "s", "update#0"))
    assert [one.id for one in parts.dispatch.claim("w-acme", "me", NOW, 10)] == [first.id]
    assert parts.ledger.put_latest(wish, NOW)
    assert parts.ledger.find(("note", "s", "update#1")) is not None


def test_the_number_of_an_update_is_never_used_again(parts):
    """The rows of old updates go with their retention; a count of rows would then name a row that is there."""
    wish = note(period="update")
    for _ in range(3):
        parts.ledger.put_latest(wish, NOW)
        parts.dispatch.sent(*parts.dispatch.claim("w-acme", "me", NOW, 10), "m", NOW)
    oldest = parts.ledger.find(("note", "s", "update#0"))
    from sqlalchemy import delete

    from storage.ledger import delivery

    parts.conn.execute(delete(delivery).where(delivery.c.id == oldest.id))
    assert parts.ledger.put_latest(wish, NOW)
    assert parts.ledger.find(("note", "s", "update#3")) is not None


def test_skipping_ends_what_is_unsent_by_kind_subject_and_member(parts):
    ids(parts, note("a"), note("b"), note("c", member="bob"), Outgoing(kind="x", subject="a", period="1", member="ann"))
    assert parts.ledger.skip("no", kind="note", subject="a") == 1
    assert parts.ledger.skip("no", member="bob") == 1
    assert parts.ledger.skip("no", kind="x") == 1
    assert parts.ledger.find(("note", "b", "1")).state == "ready"
    gone = parts.ledger.find(("note", "a", "1"))
    assert (gone.state, gone.reason) == ("skipped", "no")


def test_what_is_under_way_or_sent_is_not_taken_back(parts):
    sending, sent, claimed = ids(parts, note("a"), note("b"), note("c"))
    rows = parts.dispatch.claim("w-acme", "me", NOW, 10)
    parts.dispatch.intend("me", rows[:2], {})
    parts.dispatch.sent(rows[1], "m1", NOW)
    assert parts.ledger.skip("stop", member="ann") == 1
    assert [parts.ledger.get(one).state for one in (sending, sent, claimed)] == ["sending", "sent", "skipped"]


def test_skipping_gives_the_budget_back(parts):
    (row,) = ids(parts, note())
    assert parts.dispatch.take_budget("ann", NOW.date(), row)
    parts.ledger.skip("stop", member="ann")
    (again,) = ids(parts, note(period="2"))
    assert parts.dispatch.take_budget("ann", NOW.date(), again)


def test_what_reached_a_member_newest_first(parts):
    ids(parts, note("a"), note("b"), note("c"), note("d", member="bob"))
    for at, row in enumerate(parts.dispatch.claim("w-acme", "me", NOW, 10)):
        if row.subject != "c":
            parts.dispatch.sent(row, f"m{at}", NOW)
    assert [one.subject for one in parts.ledger.sent_to("ann", ["note"])] == ["b", "a"]
    assert [one.subject for one in parts.ledger.sent_to("ann", ["note"], 1)] == ["b"]
    assert parts.ledger.sent_to("ann", ["other"]) == []
