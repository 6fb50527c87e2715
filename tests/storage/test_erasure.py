"""Nothing of an erased person is left in any table, whatever tables there will be; others keep what is theirs."""

import importlib
import json
import pkgutil
from datetime import timedelta

import pytest
from sqlalchemy import JSON, Boolean, Double, Integer, LargeBinary, String, Text, func, select, update

import storage
from bot.domain.deliveries import Outgoing
from bot.domain.privacy import next_set
from bot.ports.people import Member
from storage import erasure
from storage.digest import digest_set
from storage.erasure import RULES
from storage.ledger import delivery
from storage.office_hours import booking
from storage.people import account, member
from storage.schema import Day, Instant, metadata
from tests.storage.conftest import NOW, TENANTS

for _module in pkgutil.iter_modules(storage.__path__):
    importlib.import_module(f"storage.{_module.name}")

# Columns of words that say nothing of who somebody is. A new column belongs here or into RULES; think which.
PLAIN = {
    # ids of things, states and labels
    *("tenant", "id", "workspace", "kind", "period", "state", "owner", "name", "key", "platform", "app", "enterprise"),
    *(
        "about",
        "channel",
        "team",
        "parent",
        "track",
        "lesson",
        "question",
        "option",
        "concept",
        "quiz",
        "pack",
        "theme",
        "week",
    ),
    *(
        "source",
        "source_id",
        "asking",
        "missed",
        "day",
        "term",
        "what",
        "which",
        "how",
        "effect",
        "rule",
        "office_window",
        "version",
        "role",
    ),
    *("region", "zone", "locale", "mime", "fingerprint", "mark", "digest", "code", "claim", "hash", "token", "refresh"),
    *("scopes", "secret", "bot", "message_id", "progress", "reason", "service_url", "address", "words", "meaning"),
    # rows that go with a column of RULES: who they are at the platform, what they wrote
    *("external", "user_id", "direct", "topics", "place", "short", "plain"),
    # documents: settings of a company, figures of a group, the plan of a message, how far a job is
    *("settings", "flags", "figures", "payload", "chosen", "cursor", "order", "roles"),
}
ELSEWHERE = {"playground_message", "playground_clock"}  # the playground's platform: what Slack keeps is Slack's


def test_every_column_that_may_hold_a_person_has_a_rule():
    ruled = {(rule.column.table.name, rule.column.name) for rule in RULES}
    unclear = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        if table.name not in ELSEWHERE
        for column in table.c
        if isinstance(column.type, String | Text | JSON)
        and (table.name, column.name) not in ruled
        and column.name not in PLAIN
    ]
    assert unclear == []


def person(tenant):
    return {"member": "ann", "account": "a-ann", "external": "u-ann", "address": f"d-{tenant}-ann"}


def filler(column, at):
    kind = column.type
    if isinstance(kind, Day):
        return NOW.date() + timedelta(days=at)
    if isinstance(kind, Instant):
        return NOW
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer | Double) or kind.python_type is int:
        return at
    if isinstance(kind, JSON):
        return {}
    return b"x" if isinstance(kind, LargeBinary) else f"x{at}"


def fill(conn, tenant):
    """A row for every column that holds a person, in every table."""
    for at, rule in enumerate(RULES, start=1000):
        if rule.column in {account.c.member, member.c.id}:  # they are there
            continue
        needed = [one for one in rule.table.c if not one.nullable or one.name == "question"]
        row = {one.name: filler(one, at) for one in needed} | {"tenant": tenant}
        if "workspace" in rule.table.c:
            row["workspace"] = f"w-{tenant}"
        if rule.table.name == "installation":
            row["workspace"] = f"other-{tenant}"
            row["team"] = tenant
        if rule.table is delivery:
            row |= {"id": at + 500 * TENANTS.index(tenant), "state": "ready", "payload": {"who": ["ann"]}}
        if rule.table is booking:
            row |= {"state": "booked", "question": "my words"}
        row[rule.column.name] = person(tenant)[rule.holds]
        conn.execute(rule.table.insert().values(row))


def cells(conn, tenant):
    """(table, column) of every cell that names the person."""
    wanted = {*person(tenant).values(), "Ann"}
    found = []
    for table in metadata.sorted_tables:
        if "tenant" not in table.c:
            continue
        for row in conn.execute(select(table).where(table.c.tenant == tenant)).mappings():
            for name, value in row.items():
                said = json.dumps(value) if isinstance(value, dict | list) else None
                if value in wanted if said is None else any(f'"{one}"' in said for one in wanted):
                    found.append((table.name, name))
    return found


@pytest.fixture
def everywhere(connection):
    for tenant in TENANTS:
        fill(connection, tenant)
    return connection


def test_nothing_names_an_erased_person_and_the_other_company_is_untouched(everywhere, parts):
    before, bravo = cells(everywhere, "acme"), cells(everywhere, "bravo")
    ruled = {(rule.column.table.name, rule.column.name) for rule in RULES}
    assert ruled <= set(before)  # control: there was something in each of them
    parts.privacy.erase("ann", "x-1", NOW)
    assert cells(everywhere, "acme") == []
    assert cells(everywhere, "bravo") == bravo
    assert everywhere.execute(select(member.c.name).where(member.c.id == "x-1")).scalar() == erasure.STAND_IN
    assert {row.question for row in everywhere.execute(select(booking).where(booking.c.member == "x-1"))} == {""}


def test_what_is_told_to_a_person_is_all_of_it(everywhere, parts):
    told = parts.privacy.export("ann")
    assert set(told) == {rule.table.name for rule in RULES}
    assert "bravo" not in json.dumps(told)
    assert "Ann" in {row["name"] for row in told["member"]}


def test_somebody_who_was_merged_goes_with_whom_they_became(connection, parts):
    assert parts.linking.merge("ann", "bob", NOW) is False  # both are in one workspace
    connection.execute(update(member).where(member.c.tenant == "acme", member.c.id == "bob").values(merged_into="ann"))
    parts.privacy.erase("ann", "x-1", NOW)
    mine = select(member.c.id).where(member.c.tenant == "acme")
    assert set(connection.execute(mine).scalars()) == {"cyd", "x-1"}


def test_calls_under_way_are_counted_and_claimed_ones_never_begin(connection, parts):
    rows = [Outgoing(kind="note", subject=f"s{at}", period="1", member="ann", due_at=NOW) for at in range(3)]
    parts.ledger.put(rows, NOW)
    three = parts.dispatch.claim("w-acme", "me", NOW, 3)
    parts.dispatch.intend("me", three[:1], {})
    assert parts.privacy.erase("ann", "x-1", NOW) == 1
    assert parts.dispatch.hold("me", three[1:]) == []
    assert parts.dispatch.sent_all([(three[0], "m")], NOW) == []
    assert connection.execute(select(func.count()).select_from(delivery)).scalar() == 0


def test_word_to_others_that_names_the_person_is_ended_and_emptied(parts):
    parts.ledger.put([Outgoing(kind="note", subject="s", period="1", member="bob", payload={"by": "ann"})], NOW)
    parts.ledger.put([Outgoing(kind="note", subject="t", period="1", member="bob", payload={"by": "anna"})], NOW)
    parts.privacy.erase("ann", "x-1", NOW)
    gone, other = parts.ledger.find(("note", "s", "1")), parts.ledger.find(("note", "t", "1"))
    assert (gone.state, gone.reason, gone.payload) == ("skipped", erasure.ERASED, {})
    assert (other.state, other.payload) == ("ready", {"by": "anna"})


def test_a_published_set_moves_by_nobody_when_one_of_it_is_erased(connection, parts):
    people = parts.digest.seal(["ann", "bob", "cyd", "d1", "d2", "d3"])
    parts.digest.publish_set("blue", "boss", people)
    parts.privacy.erase("ann", "x-1", NOW)
    after = parts.digest.published_set("blue", "boss")
    assert len(after) == len(people)
    assert parts.digest.unseal(after) == ["bob", "cyd", "x-1"]  # who went is one of the group who did nothing
    assert next_set(after, parts.digest.seal(["bob", "cyd", "d1", "d2", "d3"]), 5) == after
    assert connection.execute(select(func.count()).select_from(digest_set)).scalar() == 6


def test_a_mark_is_kept_until_they_speak_again(parts, others):
    parts.privacy.erase("ann", "x-1", NOW)
    assert parts.privacy.is_erased("w-acme", "u-ann")
    assert not parts.privacy.is_erased("w-acme", "u-bob")
    assert not others.privacy.is_erased("w-bravo", "u-ann")
    parts.privacy.speaks_again("w-acme", "u-ann")
    assert not parts.privacy.is_erased("w-acme", "u-ann")


def test_whom_a_restored_copy_brought_back_is_erased_again(connection, parts):
    parts.privacy.erase("ann", "x-1", NOW)
    ((_, mark, at),) = erasure.marks(connection)
    parts.people.add_member(Member(id="ann", name="Ann"), NOW - timedelta(days=9))
    parts.people.add_account("a-ann", "w-acme", "ann", "u-ann", "d")
    assert parts.privacy.again({mark: at}, lambda: "x-2", NOW) == 1
    assert parts.people.member("ann") is None
    assert not parts.privacy.again({mark: at}, lambda: "x-3", NOW)
    parts.people.add_member(Member(id="new", name="Ann"), NOW + timedelta(days=1))
    parts.people.add_account("a-new", "w-acme", "new", "u-ann", "d")
    assert not parts.privacy.again({mark: at}, lambda: "x-3", NOW)  # who spoke again since is somebody new
    assert parts.people.member("new") is not None


def test_people_are_found_gone_or_not_by_name_or_account(connection, parts):
    assert parts.privacy.found("ANN", "w-acme") == [("ann", "Ann")]
    assert parts.privacy.found("u-bob", "w-acme") == [("bob", "Bob")]
    parts.people.leave("ann", NOW)
    assert parts.privacy.found("ann", "w-acme") == [("ann", "Ann")]
    assert parts.privacy.found("ann", "w-bravo") == [("ann", "Ann")]
    connection.execute(update(member).values(name="Same"))
    assert len(parts.privacy.found("same", "w-acme")) == 2
    assert parts.privacy.found("nobody", "w-acme") == []
