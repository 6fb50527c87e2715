"""Two companies whose members, teams, keys and ids are equal never see, count or change each other's rows."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.cohorts import Rule
from bot.domain.conversation import Incoming, MemberJoined, Place
from bot.domain.deliveries import Outgoing
from bot.domain.digests import figures
from bot.domain.people import Role
from bot.domain.reviews import answered
from bot.domain.settings import TenantSettings
from bot.domain.tracks import Enrolment
from bot.ports.attention import Check
from bot.ports.digest import Edition
from bot.ports.glossary import OwnTerm
from bot.ports.lessons import Asking, Given, History, Showing
from storage.schema import metadata
from storage.tenancy import Accounts, Workspace, add_tenant, add_workspace, workspaces
from tests.storage.conftest import NOW, learner

ASKING = Asking(
    id="q", source="daily", source_id="1", position=1, question="x", rev=1, order=("b", "a"), pack="v", member="ann"
)
NOTE = Outgoing(kind="note", subject="s", period="1", member="ann", payload={"secret": True})

MEMORY = answered(None, "l", "x", 1, right=False, day=NOW.date())


def act(parts):
    """A little of everything a company does."""
    day = NOW.date()
    parts.people.set_zone("ann", "Asia/Kolkata")
    parts.people.grant("ann", Role.ADMIN)
    parts.people.set_flag("ann", "welcomed", value=True)
    parts.people.change_settings(group_floor=9)
    parts.people.add_day_off(day)
    parts.people.saw({"bob": NOW})
    parts.ledger.put([NOTE, Outgoing(kind="note", subject="c", period="1", place="ml")], NOW)
    rows = parts.dispatch.claim(f"w-{parts.tenant}", "me", NOW, 10)
    parts.dispatch.intend("me", rows, {})
    parts.dispatch.sent(rows[0], "m1", NOW)
    parts.dispatch.take_budget("ann", day, rows[0].id)
    parts.dispatch.mark(NOW)
    parts.jobs.start("publish", "1", NOW)
    parts.participation.add("ann", day, "lessons", 3)
    parts.lessons.save(learner("ann"))
    parts.lessons.plan(NOW - timedelta(hours=12), NOW)
    parts.lessons.show([Showing("ann", "l", 1, "core")], NOW)
    parts.lessons.finish("ann", "l", 1, "answered", NOW)
    parts.lessons.sent(["ann"], NOW)
    parts.lessons.ask([ASKING])
    parts.lessons.answer(Given("q", "ann", "a", correct=True, at=NOW))
    parts.reviews.keep("ann", MEMORY)
    parts.attention.mark("ann", "l", "unclear", NOW)
    parts.cohorts.add_rule(Rule("team", "blue", "core"))
    parts.cohorts.put("bob", [Enrolment("core", 3)], "UTC")
    parts.attention.practised("ann", NOW + timedelta(days=40))
    parts.attention.practice("ann", Check("l", 30), used=True)
    parts.attention.plan_nudges(NOW, NOW + timedelta(hours=3))
    parts.glossary.add_uses({"t": 1})
    parts.glossary.add_misses({"w": 1}, NOW)
    parts.glossary.suggest("s1", "T", "", "ann", NOW)
    parts.glossary.suggest("s2", "U", "", "ann", NOW)
    parts.glossary.decide("s2", "refused", NOW)
    parts.glossary.keep_own(OwnTerm(id="own:t", term="T", short="Short."), "ann", NOW)
    parts.digest.publish_set("blue", "ann", parts.digest.seal(["bob"]))
    parts.digest.publish(Edition("blue", "ann", "2026-W47", figures({}, ["bob"], (), 5)), NOW)
    parts.people.leave("cyd", NOW)


def rows_of(conn, tenant):
    """Every row of every table that names a tenant, for comparison."""
    found = {}
    for table in metadata.sorted_tables:
        if "tenant" in table.c:
            found[table.name] = sorted(map(repr, conn.execute(select(table).where(table.c.tenant == tenant))))
    found["tenant"] = [repr(conn.execute(metadata.tables["tenant"].select().where(text_id(tenant))).one())]
    return found


def text_id(tenant):
    return metadata.tables["tenant"].c.id == tenant


def test_what_one_company_does_changes_no_row_of_the_other(connection, parts, others):
    before = rows_of(connection, "bravo")
    act(parts)
    parts.ledger.skip("all of it", member="ann")
    parts.dispatch.expire(NOW + timedelta(days=9))
    parts.dispatch.recover(everything=True)
    later = NOW + timedelta(days=400)
    parts.dispatch.forget(inbox_before=later, log_before=later, answers_before=later)
    assert rows_of(connection, "bravo") == before


def test_what_one_company_did_is_nowhere_to_be_read_in_the_other(connection, parts, others):
    act(parts)
    ids = connection.execute(select(metadata.tables["delivery"].c.id)).scalars().all()
    day = NOW.date()
    assert not [one for one in ids if others.ledger.get(one)]
    assert others.ledger.find(NOTE.key) is None
    assert others.ledger.sent_to("ann", ["note", "daily"]) == []
    assert others.dispatch.claim("w-acme", "me", NOW, 10) == []
    assert others.dispatch.doubtful("w-acme", 10) == []
    assert others.dispatch.marked() is None
    assert others.dispatch.next_due(NOW - timedelta(days=9)) is None
    assert others.jobs.due(NOW) is None
    assert others.people.settings() == TenantSettings()
    assert others.people.actor("w-acme", "u-ann") is None
    assert others.people.actor("w-bravo", "u-ann").zone == "Europe/Berlin"
    assert others.people.actor("w-bravo", "u-ann").roles == frozenset()
    assert others.people.flag("ann", "welcomed") is None
    assert others.people.days_off(None, day, day) == frozenset()
    assert others.people.channel_at("w-acme", "c-acme") is None
    assert len(others.people.team_members("blue")) == 3
    assert others.lessons.learner("ann") is None
    assert others.lessons.plan(NOW - timedelta(hours=12), NOW) == 0
    assert others.lessons.next_due(NOW) is None
    assert others.lessons.history(["ann"]) == {"ann": History()}
    assert others.reviews.memories("ann") == []
    assert others.reviews.memory("ann", "l") is None
    assert others.attention.reach() == []
    assert others.attention.facility() == {}
    assert others.attention.kept("ann", day) == []
    assert others.attention.plan_nudges(NOW - timedelta(hours=3), NOW + timedelta(hours=3)) == 0
    assert others.attention.next_nudge(NOW - timedelta(days=1)) is None
    assert others.attention.active_since(["bob"], NOW - timedelta(days=1)) == set()
    assert others.lessons.done(["ann"]) == {"ann": set()}
    assert others.lessons.asking("q") is None
    assert others.lessons.given("q", "ann") is None
    assert set(others.lessons.counts("ann").values()) == {0}
    assert others.glossary.uses() == {}
    assert others.glossary.misses() == []
    assert others.digest.activity(["ann"], day, day) == {}
    assert others.digest.answers(["ann"], NOW - timedelta(days=1), NOW + timedelta(days=1)) == []
    assert others.digest.editions("blue", "ann", 8) == []
    assert others.digest.published_set("blue", "ann") == frozenset()
    assert others.office_hours.ahead("ann", NOW) == []


def test_the_same_keys_are_free_in_the_other_company(parts, others):
    act(parts)
    assert others.ledger.put([NOTE], NOW) == 1
    assert others.lessons.answer(Given("q", "ann", "b", correct=False, at=NOW))
    assert others.jobs.start("publish", "1", NOW)
    assert others.dispatch.take_budget("ann", NOW.date(), others.ledger.find(NOTE.key).id)
    assert parts.lessons.given("q", "ann").option == "a"


def test_a_row_of_another_company_cannot_be_settled(parts, others):
    parts.ledger.put([NOTE], NOW)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 1)
    assert others.dispatch.hold("me", [row]) == []
    assert others.dispatch.intend("me", [row], {}) == set()
    assert not others.dispatch.sent(row, "m", NOW)
    others.dispatch.end(row, "dead", "x")
    assert parts.ledger.get(row.id).state == "claimed"


def test_control_a_query_without_the_tenant_would_see_both(connection, parts, others):
    """The rows do collide: what keeps them apart is the tenant in each query."""
    parts.ledger.put([NOTE], NOW)
    others.ledger.put([NOTE], NOW)
    delivery = metadata.tables["delivery"]
    blind = select(delivery.c.tenant).where(delivery.c.kind == "note", delivery.c.subject == "s")
    assert set(connection.execute(blind).scalars()) == {"acme", "bravo"}


def test_every_table_names_its_tenant_or_says_why_not():
    free = {"tenant", "pack", "due_slot", "workspace", "playground_message", "playground_clock", "alembic_version"}
    free |= {"lock", "send_hold"}  # of all companies: who owns a platform's socket; whether anything is sent
    untold = {table.name for table in metadata.sorted_tables if "tenant" not in table.c}
    assert untold <= free, untold - free


# ---- what exists before any member speaks


def test_tenants_and_workspaces_are_added_once(connection):
    add_tenant(connection, "acme", "Other", "other", NOW)
    again = Workspace(id="w-2", tenant="acme", platform="test", team="acme", name="again")
    add_workspace(connection, again)
    assert [one.id for one in workspaces(connection)] == ["w-acme", "w-bravo"]
    assert workspaces(connection)[0].zone == "Europe/Berlin"


def test_a_tenant_keeps_its_secret(parts):
    assert parts.people.secret() == "secret-acme"


def test_accounts_are_remembered_for_a_moment(connection, parts, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("storage.tenancy.time.monotonic", lambda: clock[0])
    accounts = Accounts(lambda: workspaces(connection))
    assert accounts.tenant("w-bravo") == "bravo"
    with pytest.raises(KeyError):
        accounts.tenant("w-nobody")
    actor = parts.people.actor("w-acme", "u-ann")
    accounts.remember("w-acme", "u-ann", actor)
    assert accounts.recall("w-acme", "u-ann") == actor
    assert accounts.recall("w-bravo", "u-ann") is None
    clock[0] += 10.5
    assert accounts.recall("w-acme", "u-ann") is None
    accounts.remember("w-acme", "u-ann", actor)
    accounts.forget("w-acme", "u-ann")
    assert accounts.recall("w-acme", "u-ann") is None
    assert accounts.has_met("w-acme", "u-ann", "")
    assert not accounts.has_met("w-acme", "u-ann", "d-1")
    accounts.met("w-acme", "u-ann", "d-1")
    assert accounts.has_met("w-acme", "u-ann", "d-1")
    assert not accounts.has_met("w-bravo", "u-ann", "")


def test_memory_has_an_end(connection, parts, monkeypatch):
    monkeypatch.setattr("storage.tenancy.REMEMBERED", 3)
    accounts = Accounts(lambda: workspaces(connection))
    actor = parts.people.meet(Incoming("w-acme", "u-x", Place("direct", "d"), MemberJoined(), "k"), "x", NOW)[0]
    for at in range(4):
        accounts.remember("w-acme", f"u-{at}", actor)
    assert [bool(accounts.recall("w-acme", f"u-{at}")) for at in range(4)] == [False, False, False, True]
