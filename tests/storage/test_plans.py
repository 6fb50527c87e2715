"""What is asked every second looks at what is open, whatever else the ledger holds: the plans of both databases."""

import pytest
from sqlalchemy import event, text

from storage.ledger import delivery
from tests.storage.conftest import NOW

URGENT = ("quiz_open", "booking_confirmed", "booking_reminder", "booking_cancelled")


@pytest.fixture
def wave(parts):
    """Three thousand lessons that are due, as many that were sent, and a few of another kind."""
    base = {"tenant": "acme", "workspace": "w-acme", "account": "a-ann", "due_at": NOW, "payload": {}}
    counts = (("daily", "ready", 3_000), ("daily", "sent", 3_000), ("booking_reminder", "ready", 5))
    rows = [
        {**base, "kind": kind, "state": state, "subject": f"{state}-{at}", "period": "1", "member": f"m{at % 300}"}
        for kind, state, count in counts
        for at in range(count)
    ]
    parts.conn.execute(delivery.insert(), rows)
    parts.conn.execute(text("ANALYZE"))
    return parts


def plans(conn, work):
    """The plans of the statements about the ledger that a piece of work runs."""
    said = []

    def note(_conn, _cursor, statement, parameters, _context, many):
        if not many and "delivery" in statement:
            said.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    work()
    event.remove(conn, "before_cursor_execute", note)
    how = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
    return ["\n".join(str(row) for row in conn.exec_driver_sql(f"{how} {sql}", with_)) for sql, with_ in said]


def test_a_claim_takes_what_is_urgent_first_and_reads_only_what_waits(wave):
    claimed = []
    urgent, rest, *reads = plans(
        wave.conn, lambda: claimed.extend(wave.dispatch.claim("w-acme", "me", NOW, 20, URGENT))
    )
    assert [one.kind for one in claimed] == ["booking_reminder"] * 5 + ["daily"] * 15
    assert [one.subject for one in claimed[5:]] == [f"ready-{at}" for at in range(15)]
    assert "ix_delivery_seldom" in urgent
    assert "ix_delivery_ready" not in urgent
    assert "ix_delivery_ready" in rest
    for plan in (urgent, rest, *reads):
        assert "Seq Scan on delivery" not in plan
        assert "SCAN delivery" not in plan


def test_erasing_a_person_reads_what_is_theirs_and_what_may_name_them(wave):
    """Somebody with few messages in a large ledger: the one writer is not held up by the lessons of all others."""
    if wave.conn.dialect.name == "sqlite":  # by what it knows of six thousand rows it would read them all
        wave.conn.execute(text("DELETE FROM sqlite_stat1"))
        wave.conn.execute(text("ANALYZE sqlite_schema"))
    said = plans(wave.conn, lambda: wave.privacy.erase("bob", "nobody", NOW))
    about = [plan for plan in said if "delivery" in plan and "message_budget" not in plan]
    assert about
    for plan in about:
        assert "Seq Scan on delivery" not in plan
        assert "SCAN delivery" not in plan


def test_every_urgent_kind_may_be_claimed_first():
    """The lesson is what the others do not wait for: its index leaves it out."""
    from bot.features import FEATURES
    from bot.router import table

    urgent = table(FEATURES).urgent
    assert {"quiz_open", "booking_confirmed", "booking_cancelled", "booking_reminder"} <= set(urgent)
    assert "daily" not in urgent
