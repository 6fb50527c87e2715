"""What waits, as the metrics have it, counted over all companies on both databases."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.deliveries import Outgoing
from storage import backups, holds
from storage.operations import Backlog, backlog, drop
from tests.storage.conftest import NOW


def put(parts, *ago, kind="open"):
    """Deliveries that are due so many minutes ago; negative: in the future."""
    rows = [
        Outgoing(kind=kind, subject=f"{kind}{at}", period="1", place="ml", due_at=NOW - timedelta(minutes=at))
        for at in ago
    ]
    parts.ledger.put(rows, NOW)
    return rows


def test_an_empty_ledger(connection):
    assert backlog(connection, NOW) == Backlog(
        waiting=0, due=0, claimed=0, sending=0, unknown=0, parked=0, oldest_due=None, planned_to=None, is_held=False
    )


def test_what_is_open_is_counted_by_state_over_all_companies(connection, parts, others):
    put(parts, 7)
    claimed, sending, unknown, dead = (
        put(parts, at) and parts.dispatch.claim("w-acme", "me", NOW, 1)[0] for at in (90, 80, 70, 60)
    )
    parts.dispatch.intend("me", [sending, unknown, dead], {})
    parts.dispatch.unknown(unknown, "lost", 600)
    parts.dispatch.end(dead, "dead", "channel_not_found")
    assert claimed.due_at < sending.due_at
    put(others, 12, -30, -60)
    found = backlog(connection, NOW)
    assert (found.waiting, found.due, found.claimed, found.sending, found.unknown, found.parked) == (2, 2, 1, 1, 1, 1)
    assert found.oldest_due == NOW - timedelta(minutes=12)
    drop(connection, [dead.id], NOW)
    assert backlog(connection, NOW).parked == 0, "the operator has decided"


def test_what_hangs_on_a_message_is_late_only_when_that_one_is_there(connection, parts):
    (first,) = put(parts, 30)
    late = NOW - timedelta(minutes=20)
    parts.ledger.put([Outgoing(kind="answer", subject="x", period="1", place="ml", due_at=late, root=first.key)], NOW)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 5)
    assert backlog(connection, NOW).oldest_due is None
    parts.dispatch.intend("me", [row], {})
    parts.dispatch.sent(row, "m1", NOW)
    assert backlog(connection, NOW).oldest_due == late


def test_the_company_that_is_furthest_behind_is_told(connection, parts, others):
    parts.dispatch.mark(NOW)
    others.dispatch.mark(NOW - timedelta(minutes=5))
    assert backlog(connection, NOW).planned_to == NOW - timedelta(minutes=5)
    connection.execute(text("UPDATE workspace SET state = 'ended' WHERE tenant = 'bravo'"))
    assert backlog(connection, NOW).planned_to == NOW, "nothing is planned for a company that left"


def test_a_hold_is_told(connection):
    holds.hold(connection, "restored", NOW)
    assert backlog(connection, NOW).is_held


@pytest.mark.parametrize("name", ["coach.db", "coach.sql.gz"])
def test_a_backup_counts_when_it_is_whole(name, tmp_path):
    assert backups.newest(tmp_path / "nowhere") is None
    (tmp_path / name).touch()
    (tmp_path / f".{name}.part").touch()
    assert backups.newest(tmp_path) is None
    (tmp_path / f"{name}.sha256").touch()
    os.utime(tmp_path / f"{name}.sha256", (NOW.timestamp(), NOW.timestamp()))
    assert backups.newest(tmp_path) == NOW
