"""Two members become one: every table, what wins where both have a row, codes, and the races."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import Boolean, Double, Integer, LargeBinary, String, Text, insert, select, update

from bot.domain.deliveries import Outgoing
from bot.domain.linking import ATTEMPTS, ATTEMPTS_WITHIN, CODE_LIFE
from bot.domain.people import Role
from bot.ports.lessons import Given
from storage import merging
from storage.ledger import delivery, message_budget
from storage.linking import Linking, link_code, move_away
from storage.merging import RULES, SPECIAL
from storage.office_hours import booking
from storage.people import account, member, workspace
from storage.schema import Day, Instant, Json, metadata
from storage.tenancy import Workspace, add_workspace
from tests.storage.conftest import NOW, learner

LATER = NOW + CODE_LIFE

# Columns of ids and labels that never hold a member. What is not here has a rule, or this test fails.
NOT_MEMBERS = {
    "about", "account", "address", "app", "asking", "author", "audience", "bot", "channel", "claim", "claimed_by", "code", "concept",
    "conversation", "direct", "effect", "enterprise", "external", "fingerprint", "hash", "how", "id", "installer", "key", "kind",
    "lesson", "locale", "mark", "message_id", "mime", "name", "office_window", "option", "owner", "pack", "parent", "period", "place",
    "platform", "question", "quiz", "region", "role", "source", "source_id", "state", "team", "tenant", "term", "track", "user_id",
    "version", "week", "what", "which", "words", "workspace", "zone", "digest",
}  # fmt: skip
OF_THE_MEMBER_ITSELF = {("member", "merged_into")}


def ids(table):
    return [one for one in table.columns if type(one.type) is String and one.type.length == 255]


def test_every_column_that_may_hold_a_member_has_a_rule():
    ruled = {(one.table.name, one.name) for one in (*(rule.column for rule in RULES), *SPECIAL)} | OF_THE_MEMBER_ITSELF
    unruled = {
        (table.name, one.name)
        for table in metadata.tables.values()
        for one in ids(table)
        if one.name not in NOT_MEMBERS and (table.name, one.name) not in ruled
    }
    assert not unruled, "give these columns a rule in storage/merging.py"


def value(column, number):
    """Something of the column's type; numbered where it is an id."""
    kinds = {Instant: NOW, Day: date(2026, 11, 24), Json: {}, Boolean: True, Integer: 1, Double: 1.0, LargeBinary: b"x"}
    for kind, made in kinds.items():
        if isinstance(column.type, kind) if isinstance(kind, type) else column.type is kind:
            return made
    return f"{column.name}-{number}" if isinstance(column.type, (String, Text)) else number + 1000


def row(table, number, **given):
    filled = {one.name: value(one, number) for one in table.columns if not one.nullable and one.server_default is None}
    if table.name == "delivery":
        filled |= {"id": 1000 + number, "state": "sent"}
    return {**filled, "tenant": "acme", **given}


@pytest.fixture
def two(parts):
    """Ann on Slack and, as another member, on Teams."""
    new = Workspace(id="w-teams", tenant="acme", platform="teams", team="t", name="Acme on Teams", zone="Europe/Berlin")
    add_workspace(parts.conn, new)
    parts.conn.execute(
        update(account).where(account.c.tenant == "acme", account.c.id == "a-bob").values(workspace="w-teams")
    )
    return parts


def test_nothing_of_the_absorbed_member_is_left_in_any_table(two):
    """One row of each, and where something is unique by member one of both under the same key."""
    numbers, conn = count(), two.conn
    columns = {(one.table.name, one.name): one for one in (*(rule.column for rule in RULES), *SPECIAL)}
    for (name, column), found in columns.items():
        if name == "account" or column == "subject":
            continue
        number, table = next(numbers), found.table
        for who in ("bob", "ann") if column in {"member", "reader"} and "id" not in table.c else ("bob",):
            conn.execute(insert(table).values(row(table, number, **{column: who})))
    assert two.linking.merge("ann", "bob", NOW)
    for table in metadata.tables.values():
        for one in ids(table):
            left = (
                conn.execute(select(table).where(one == "bob", table.c.tenant == "acme")) if "tenant" in table.c else []
            )
            assert (table.name, one.name) == ("member", "id") or not [*left], (table.name, one.name)


def test_the_absorbed_member_is_an_id_and_no_more(two):
    assert two.linking.merge("ann", "bob", NOW)
    gone = two.conn.execute(select(member).where(member.c.tenant == "acme", member.c.id == "bob")).one()
    assert (gone.active, gone.merged_into, gone.name, gone.team, gone.account) == (False, "ann", "", None, None)
    actor = two.people.actor("w-teams", "u-bob")
    assert (actor.member, actor.account) == ("ann", "a-bob")
    assert [one.platform for one in two.linking.addresses("ann")] == ["test", "teams"]


def test_the_first_answer_counts_and_rights_are_together(two):
    for who, at, option in (("ann", NOW, "a"), ("bob", NOW - timedelta(hours=1), "b")):
        two.lessons.answer(Given("quiz-1", who, option, option == "b", at))
    two.people.grant("bob", Role.HOST)
    assert two.linking.merge("ann", "bob", NOW)
    assert two.lessons.given("quiz-1", "ann").option == "b"
    assert two.people.actor("w-acme", "u-ann").roles == {Role.HOST}


def test_settings_are_as_strict_as_both_and_whoever_learns_on_one_side_learns(two):
    two.lessons.save(learner("ann", days=0b11111))
    two.lessons.save(learner("bob", days=0b00110, paused=True, paused_until=date(2026, 12, 1), minute=600))
    assert two.linking.merge("ann", "bob", NOW)
    mine = two.lessons.learner("ann")
    assert (mine.days, mine.minute, mine.paused_until) == (0b00110, 570, date(2026, 12, 1))
    assert two.lessons.learner("bob") is None


def test_lessons_stopped_on_one_side_go_on_while_the_other_takes_them(two):
    two.lessons.save(learner("bob"))
    two.lessons.save(learner("ann"))
    two.lessons.remove("ann")
    assert two.linking.merge("ann", "bob", NOW)
    assert two.lessons.learner("ann").tracks
    assert not two.lessons._tracks.stopped(["ann"])


def daily(conn, who, state, id, day="2026-11-24", **more):
    values = {"kind": "daily", "subject": who, "member": who, "period": day, "state": state, "id": id, "payload": {}}
    values |= {"workspace": "w-acme" if who == "ann" else "w-teams", "account": f"a-{who}", "due_at": NOW}
    conn.execute(insert(delivery).values(tenant="acme", **values, **more))


def state(conn, id):
    found = conn.execute(select(delivery.c.state, delivery.c.subject, delivery.c.member).where(delivery.c.id == id))
    return found.one_or_none()


def budget(conn):
    return conn.execute(select(message_budget.c.member, message_budget.c.delivery)).all()


@pytest.mark.parametrize("theirs", ["sent", "sending", "unknown"])
def test_a_lesson_sent_to_either_is_todays_lesson_of_both(two, theirs):
    two.lessons.save(learner("ann"))
    daily(two.conn, "bob", theirs, 901)
    daily(two.conn, "ann", "ready", 902)
    two.conn.execute(insert(message_budget).values(tenant="acme", member="bob", day=date(2026, 11, 24), delivery=901))
    assert two.linking.merge("ann", "bob", NOW)
    assert state(two.conn, 901) == (theirs, "ann", "ann")
    assert state(two.conn, 902) is None
    assert budget(two.conn) == [("ann", 901)]
    two.lessons.replan("ann", NOW)
    planned = select(delivery.c.id).where(delivery.c.kind == "daily", delivery.c.tenant == "acme")
    assert two.conn.execute(planned).scalars().all() == [901]


def test_control_without_its_label_a_sent_lesson_is_followed_by_the_other(two, monkeypatch):
    monkeypatch.setattr(merging.Merging, "_relabel", lambda *_: None)
    daily(two.conn, "bob", "sent", 901)
    daily(two.conn, "ann", "ready", 902)
    assert two.linking.merge("ann", "bob", NOW)
    assert state(two.conn, 902) == ("ready", "ann", "ann")


@pytest.mark.parametrize("theirs", ["ready", "claimed"])
def test_a_lesson_still_to_be_sent_to_the_absorbed_one_ends_and_its_budget_comes_back(two, theirs):
    daily(two.conn, "bob", theirs, 901)
    daily(two.conn, "ann", "sent", 902)
    two.conn.execute(insert(message_budget).values(tenant="acme", member="bob", day=date(2026, 11, 24), delivery=901))
    assert two.linking.merge("ann", "bob", NOW)
    assert state(two.conn, 901).state == "skipped"
    assert state(two.conn, 902) == ("sent", "ann", "ann")
    assert budget(two.conn) == []


def test_two_lessons_sent_before_stay_two(two):
    daily(two.conn, "bob", "sent", 901)
    daily(two.conn, "ann", "sent", 902)
    assert two.linking.merge("ann", "bob", NOW)
    assert (state(two.conn, 901).member, state(two.conn, 902).member) == ("ann", "ann")


def test_what_is_about_a_thing_goes_to_the_preferred_place(two):
    two.ledger.put([Outgoing(kind="booking_reminder", subject="b1", period="b1+0-10", member="bob")], NOW)
    assert two.linking.merge("ann", "bob", NOW)
    found = two.ledger.find(("booking_reminder", "b1", "b1+0-10"))
    assert (found.member, found.workspace, found.state) == ("ann", "w-acme", "ready")
    assert two.linking.prefer("ann", "a-bob")
    assert two.ledger.find(("booking_reminder", "b1", "b1+0-10")).workspace == "w-teams"
    assert not two.linking.prefer("ann", "a-cyd")


def booked(conn, id, host, who, seat, hour):
    at = NOW + timedelta(hours=hour)
    values = {
        "id": id,
        "host": host,
        "member": who,
        "seat": seat,
        "starts_at": at,
        "ends_at": at + timedelta(minutes=30),
    }
    conn.execute(insert(booking).values(row(booking, 1, state="booked", **values)))


def test_bookings_stay_but_for_a_second_seat_and_ones_own_hour(two):
    booked(two.conn, "1", "cyd", "ann", 0, 1)
    booked(two.conn, "2", "cyd", "bob", 1, 1)  # the same session
    booked(two.conn, "3", "ann", "bob", 0, 2)  # with oneself
    booked(two.conn, "4", "ann", "cyd", 0, 3)
    booked(two.conn, "5", "bob", "dan", 0, 3)  # hosted at the same time as 4
    booked(two.conn, "6", "cyd", "bob", 0, 4)
    assert two.linking.merge("ann", "bob", NOW)
    columns = (booking.c.id, booking.c.host, booking.c.member, booking.c.seat, booking.c.state)
    assert [tuple(one) for one in two.conn.execute(select(*columns).order_by(booking.c.id))] == [
        ("1", "cyd", "ann", 0, "booked"),
        ("2", "cyd", "ann", 1, "cancelled"),
        ("3", "ann", "ann", 0, "cancelled"),
        ("4", "ann", "cyd", 0, "booked"),
        ("5", "ann", "dan", 1, "booked"),
        ("6", "cyd", "ann", 0, "booked"),
    ]


def test_members_of_one_workspace_or_another_company_or_gone_are_not_merged(two, others):
    assert not two.linking.merge("ann", "cyd", NOW)  # one workspace
    assert not two.linking.merge("ann", "ann", NOW)
    assert not two.linking.merge("ann", "nobody", NOW)
    others.linking.show("a-ann", "abcd-efgh", LATER)
    assert two.linking.claim("abcd-efgh", "a-bob", "c", NOW) is None
    assert two.linking.merge("ann", "bob", NOW)
    assert not two.linking.merge("ann", "bob", NOW)  # gone
    assert others.people.member("bob").active


def test_what_was_written_for_the_absorbed_one_meanwhile_is_swept_up(two):
    assert two.linking.merge("ann", "bob", NOW)
    two.lessons.answer(Given("late", "bob", "a", True, NOW))  # a turn that began before
    two.linking.sweep("bob")
    assert two.lessons.given("late", "ann").option == "a"
    assert two.lessons.given("late", "bob") is None


def test_unlinking_gives_that_account_a_fresh_member_and_the_rest_stays(two):
    two.lessons.answer(Given("quiz-1", "bob", "b", True, NOW))
    assert two.linking.merge("ann", "bob", NOW)
    two.linking.prefer("ann", "a-bob")
    two.ledger.put([Outgoing(kind="digest", subject="blue", period="2026-W48", member="ann")], NOW)
    assert two.linking.part("a-bob", "fresh", NOW)
    assert two.people.actor("w-teams", "u-bob").member == "fresh"
    assert two.lessons.given("quiz-1", "ann").option == "b"
    assert two.ledger.find(("digest", "blue", "2026-W48")).workspace == "w-acme"
    assert not two.linking.part("a-bob", "again", NOW)
    assert not two.linking.part("a-ann", "again", NOW)


def test_who_goes_from_one_platform_stays_on_the_other(two):
    assert two.linking.merge("ann", "bob", NOW)
    assert two.linking.leave("a-ann")
    assert [one.account for one in two.linking.addresses("ann")] == ["a-bob"]
    assert two.people.actor("w-acme", "u-ann") is None
    assert not two.linking.leave("a-bob")


def test_whose_preferred_place_takes_the_app_away_is_reached_at_the_other(two):
    assert two.linking.merge("ann", "bob", NOW)
    two.ledger.put([Outgoing(kind="digest", subject="blue", period="2026-W48", member="ann")], NOW)
    two.conn.execute(update(workspace).where(workspace.c.id == "w-acme").values(state="removed"))
    assert move_away(two.conn, "w-acme") == 1  # the others have no other place
    assert two.ledger.find(("digest", "blue", "2026-W48")).workspace == "w-teams"
    assert two.linking.addresses("ann")[0].account == "a-bob"
    assert move_away(two.conn, "w-acme") == 0


def test_a_code_is_kept_hashed_lives_ten_minutes_and_works_once_for_one_account(two):
    links = two.linking
    links.show("a-ann", "abcd-efgh", LATER)
    assert "abcd" not in two.conn.execute(select(link_code.c.code)).scalar_one()
    assert links.claim("abcd-efgh", "a-bob", "c0", LATER) is None
    assert links.claim("ABCD efgh", "a-bob", "c1", NOW) == "a-ann"
    assert links.claim("abcdefgh", "a-cyd", "c2", NOW) is None
    assert links.claim("abcdefgh", "a-bob", "c3", NOW) == "a-ann"  # typed again
    assert links.claimed("c3", "a-cyd", NOW) is None
    assert links.claimed("c3", "a-bob", LATER) is None
    assert links.claimed("c3", "a-bob", NOW) == "a-ann"
    assert links.claimed("c3", "a-bob", NOW) is None


def test_guesses_are_counted_by_account_and_end_for_an_hour(two):
    assert [two.linking.attempt("a-bob", "typed", NOW) for _ in range(ATTEMPTS + 1)] == [True] * ATTEMPTS + [False]
    assert two.linking.attempt("a-cyd", "typed", NOW)
    assert two.linking.attempt("a-bob", "shown", NOW)
    assert two.linking.attempt("a-bob", "typed", NOW + ATTEMPTS_WITHIN)


def race(store, tasks):
    """Run these at once; what each returned, or its error."""
    ready = threading.Barrier(len(tasks))

    def run(task):
        def work(parts):
            if store.is_shared:  # SQLite has one writer: there they come one after the other
                ready.wait(5)
            return task(parts)

        return store.write("acme", work)

    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = list(pool.map(run, tasks))
    return [one.exception() or one.result() for one in futures]


def open_three(store):
    """Ann in one workspace, bob and cyd each in another."""

    def add(conn):
        for id in ("teams", "second"):
            add_workspace(conn, Workspace(id=f"w-{id}", tenant="acme", platform="test", team=id, name=id))
        for who, where in (("bob", "teams"), ("cyd", "second")):
            here = (account.c.tenant == "acme") & (account.c.id == f"a-{who}")
            conn.execute(update(account).where(here).values(workspace=f"w-{where}"))

    store.transact(add).result()


def claims(store):
    store.write("acme", lambda parts: parts.linking.show("a-ann", "abcd-efgh", LATER)).result()
    tasks = [
        lambda parts, who=who: parts.linking.claim("abcd-efgh", f"a-{who}", f"c-{who}", NOW) for who in ("bob", "cyd")
    ]
    return [one for one in race(store, tasks) if one == "a-ann"]


def test_one_code_typed_by_two_accounts_at_once_is_one_accounts(store):
    open_three(store)
    for _ in range(3):
        assert len(claims(store)) == 1


def test_control_a_code_that_is_looked_up_before_it_is_taken_is_both_accounts(store, monkeypatch):
    together = threading.Barrier(2)

    def look_first(self, code, account_id, claim, now):
        found = self._conn.execute(select(link_code).where(link_code.c.claimed_by.is_(None))).first()
        if store.is_shared:
            together.wait(5)
        taken = update(link_code).values(claim=claim, claimed_by=account_id)
        return self._conn.execute(taken).rowcount and found and found.account

    open_three(store)
    monkeypatch.setattr(Linking, "claim", look_first)
    assert len(claims(store)) == (2 if store.is_shared else 1)  # with one writer nothing comes in between


def merges(store, *pairs):
    return race(store, [lambda parts, pair=pair: parts.linking.merge(*pair, NOW) for pair in pairs])


def people(store):
    columns = (member.c.id, member.c.merged_into)
    mine = (member.c.tenant == "acme") & member.c.id.in_(["ann", "bob"])
    return store.look(
        lambda conn: {row.id: row.merged_into for row in conn.execute(select(*columns).where(mine))}
    ).result()


def test_both_codes_at_once_make_one_member_and_not_two_ghosts(store):
    """Each typed the other's code: whichever goes first absorbs, the other finds nobody to absorb."""
    open_three(store)
    done = merges(store, ("ann", "bob"), ("bob", "ann"))
    assert sorted(done) == [False, True]
    assert sorted(one or "" for one in people(store).values()) in (["", "ann"], ["", "bob"])


def test_control_without_the_lock_each_absorbs_the_other(store, monkeypatch):
    if not store.is_shared:
        return  # one writer is the lock
    together = threading.Barrier(2)

    def unlocked(self, *members):
        found = self._conn.execute(select(member).where(member.c.tenant == "acme", member.c.id.in_(members))).all()
        together.wait(5)
        return found

    open_three(store)
    monkeypatch.setattr(merging.Merging, "hold", unlocked)
    monkeypatch.setattr(merging.Merging, "move", lambda *_: None)
    done = merges(store, ("ann", "bob"), ("bob", "ann"))
    assert done.count(True) != 1 or any(isinstance(one, Exception) for one in done)


def test_one_account_linked_with_two_at_once_is_in_each_workspace_once(store):
    open_three(store)
    assert merges(store, ("ann", "bob"), ("ann", "cyd")) == [True, True]
    found = select(account.c.workspace).where(account.c.tenant == "acme", account.c.member == "ann")
    assert len(store.look(lambda conn: conn.execute(found).scalars().all()).result()) == 3
