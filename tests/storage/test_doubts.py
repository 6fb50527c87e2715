"""What waits for its owner's word, on both databases: the first word counts, and only in one's own company."""

import pytest

from bot.domain.deliveries import ASKED, OUTCOME_UNKNOWN, Outgoing
from bot.domain.people import Role
from tests.storage.conftest import NOW


@pytest.fixture
def doubtful(parts):
    parts.ledger.put([Outgoing(kind="open", subject="ml", period="1", place="ml", due_at=NOW)], NOW)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 1)
    parts.dispatch.intend("me", [row], {})
    parts.dispatch.unknown(row, ASKED, 600)
    return row


def test_owners_are_the_active_administrators(parts, others):
    for name in ("ann", "bob"):
        parts.people.grant(name, Role.ADMIN)
    parts.people.leave("bob", NOW)
    assert (parts.doubts.owners(), others.doubts.owners()) == (["ann"], [])


@pytest.mark.parametrize("again", [True, False])
def test_the_first_word_counts(parts, others, doubtful, again):
    assert [one.id for one in parts.doubts.open(["open"])] == [doubtful.id]
    assert parts.doubts.open(["other"]) == others.doubts.open(["open"]) == []
    assert not others.doubts.decide(doubtful.id, again=again)
    assert parts.doubts.decide(doubtful.id, again=again)
    assert not parts.doubts.decide(doubtful.id, again=not again)
    assert parts.doubts.woken is again
    claimed = parts.dispatch.claim("w-acme", "you", NOW, 1)
    assert [one.id for one in claimed] == ([doubtful.id] if again else [])
    parts.dispatch.end(doubtful, "dead", "late")  # the worker that froze: another epoch
    row = parts.ledger.get(doubtful.id)
    assert (row.state, row.reason) == (
        ("claimed", OUTCOME_UNKNOWN) if again else ("dead", f"gave up: {OUTCOME_UNKNOWN}")
    )
