"""Windows and bookings as both databases keep them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bot.domain.office_hours import Outcome, Person, Window, slots, weekly
from bot.ports.people import Member
from storage.dialects import open_engine
from storage.office_hours import booking
from storage.parts import Parts
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Person("ann", "Ann", "Asia/Tokyo", "JP")
WINDOW = Window(
    id="w", host=ANN, zone="UTC", rule=weekly([0]), first_day=date(2026, 3, 1), start=600, end=720, topics="drift"
)
SLOT = slots(WINDOW, NOW, NOW + timedelta(days=7))[0]


@pytest.fixture(scope="module")
def engines(postgres_database):
    made = {"sqlite": open_engine("sqlite://"), "postgres": open_engine(postgres_database())}
    for engine in made.values():
        metadata.create_all(engine)
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def parts(request, engines):
    with engines[request.param].connect() as conn, conn.begin() as transaction:
        add_tenant(conn, "t", "Acme", "secret", NOW)
        add_workspace(
            conn, Workspace(id="ws", tenant="t", platform="local", team="w", name="Acme", zone="Europe/Paris")
        )
        made = Parts(conn, "t")
        made.people.add_member(Member(id="ann", name="Ann", zone="Asia/Tokyo", region="JP"), NOW)
        for name in ("bob", "cyd"):
            made.people.add_member(Member(id=name, name=name.title()), NOW)
            made.people.add_account(f"a-{name}", "ws", name, f"u-{name}", f"d-{name}")
        made.office_hours.add_window(WINDOW, NOW)
        yield made
        transaction.rollback()


def claim(parts, id="b1", asker="bob", slot=SLOT):
    return parts.office_hours.claim(id, slot, asker, "Why?", NOW, most_minutes=120)


def test_a_window_is_read_as_it_was_written(parts):
    assert parts.office_hours.windows() == [WINDOW]
    assert parts.office_hours.windows("ann") == [WINDOW]
    assert parts.office_hours.windows("bob") == []
    assert parts.office_hours.window("w") == WINDOW


def test_a_booking_knows_both_people_and_their_zones_in_force(parts):
    assert claim(parts) is Outcome.BOOKED
    found = parts.office_hours.booking("b1")
    assert (found.host, found.asker) == (ANN, Person("bob", "Bob", "Europe/Paris"))
    assert (found.start, found.end, found.seat, found.question, found.sequence) == (SLOT.start, SLOT.end, 1, "Why?", 0)
    assert parts.office_hours.ahead("ann", NOW) == parts.office_hours.ahead("bob", NOW) == [found]
    assert parts.office_hours.ahead("bob", SLOT.end) == []
    assert parts.office_hours.bookings(["b1", "b2"]) == {"b1": found}
    key = ("ann", SLOT.start)
    assert parts.office_hours.sessions([key, ("bob", NOW)]) == {key: [found], ("bob", NOW): []}
    assert parts.office_hours.last_booked(["ann", "bob"]) == {"ann": NOW}
    assert parts.office_hours.count("bob") == 1


def test_every_outcome_comes_from_the_store(parts):
    assert claim(parts, asker="ann") is Outcome.OWN_SLOT
    assert claim(parts) is Outcome.BOOKED
    assert claim(parts, "b2") is Outcome.OVERLAPPING
    assert claim(parts, "b2", "cyd") is Outcome.TAKEN
    assert parts.office_hours.booking("b2") is None


def test_a_cancelled_place_is_sold_again(parts):
    claim(parts)
    assert parts.office_hours.cancel("b1", "bob", NOW + timedelta(hours=1))
    assert not parts.office_hours.cancel("b1", "bob", NOW)
    found = parts.office_hours.booking("b1")
    assert (found.is_on, found.sequence, found.cancelled_by) == (False, 1, "bob")
    assert found.changed_at == NOW + timedelta(hours=1)
    assert claim(parts, "b2", "cyd") is Outcome.BOOKED
    assert claim(parts, "b3", "bob") is Outcome.TAKEN
    assert parts.office_hours.holds({"bob"}, NOW, SLOT.end) == []


def test_a_closed_window_sells_nothing(parts):
    assert not parts.office_hours.close_window("w", "bob", NOW)
    assert parts.office_hours.close_window("w", "ann", NOW)
    assert not parts.office_hours.close_window("w", "ann", NOW)
    assert parts.office_hours.windows() == []
    assert claim(parts) is Outcome.TAKEN


@pytest.mark.parametrize("change", [{"member": "cyd"}, {"seat": 2}])
def test_the_unique_keys_alone_keep_a_seat_and_a_member_single(parts, change):
    claim(parts)
    row = dict(parts.conn.execute(booking.select()).one()._mapping)
    with pytest.raises(IntegrityError), parts.conn.begin_nested():
        parts.conn.execute(booking.insert().values({**row, "id": "b2", **change}))
    parts.conn.execute(booking.insert().values({**row, "id": "b2", **change, "state": "cancelled"}))


def test_a_session_id_that_lost_the_last_seat_is_told_so(parts):
    claim(parts)
    assert parts.office_hours._insert("b2", SLOT, "cyd", 1, "Why?", NOW) is Outcome.TAKEN


# ---- however many bookings a company has, a person's are found by indexes that know people


@pytest.fixture
def crowd(parts):
    """Two thousand bookings of a hundred hosts and as many askers."""
    claim(parts)
    row = dict(parts.conn.execute(booking.select()).one()._mapping)
    start = [SLOT.start + timedelta(hours=number // 100) for number in range(2_000)]
    rows = [
        {**row, "id": f"x{at}", "host": f"h{at % 100}", "member": f"m{at // 20}", "starts_at": one, "ends_at": one}
        for at, one in enumerate(start)
    ]
    parts.conn.execute(booking.insert(), rows)
    parts.conn.execute(text("ANALYZE"))
    return parts


def is_read_whole(conn, work):
    """Whether one of the looks that a piece of work takes goes through all bookings of the company."""
    said = []

    def note(_conn, _cursor, statement, parameters, _context, many):
        if not many and statement.startswith("SELECT") and "booking" in statement:
            said.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    work()
    event.remove(conn, "before_cursor_execute", note)
    assert said
    how = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
    steps = [str(step) for sql, with_ in said for step in conn.exec_driver_sql(f"{how} {sql}", with_)]
    reads = [step for step in steps if "SEARCH booking" in step or "SCAN booking" in step]  # as SQLite says it
    by_company = [step for step in reads if not any(by in step for by in ("host=?", "member=?", "AND id=?"))]
    return bool(by_company) or any("Seq Scan on booking" in step for step in steps)


def test_claims_and_looks_read_what_is_the_person_s(crowd):
    part = crowd.office_hours
    assert not is_read_whole(crowd.conn, lambda: claim(crowd, "b2", "cyd"))
    assert not is_read_whole(crowd.conn, lambda: part.holds(["ann", "bob"], NOW, SLOT.end))
    assert not is_read_whole(crowd.conn, lambda: part.ahead("bob", NOW))
    assert [one.id for one in part.ahead("bob", NOW)] == ["b1"]


def test_control_a_look_at_the_whole_company_is_seen(crowd):
    mine = (booking.c.tenant == "t") & (booking.c.question == "Why?")
    assert is_read_whole(crowd.conn, lambda: crowd.conn.execute(booking.select().where(mine)))
