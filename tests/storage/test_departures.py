"""A company that took the app away everywhere is deleted thirty days later, wholly and alone; whoever came back stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.domain.deliveries import Outgoing
from bot.ports.glossary import OwnTerm
from storage.departures import due, purge
from storage.people import workspace
from storage.schema import metadata
from storage.settings import tenant
from storage.tenancy import Workspace, add_workspace
from tests.storage.conftest import NOW

LATER = NOW + timedelta(days=30, seconds=1)


def remove(conn, id="w-acme"):
    conn.execute(update(workspace).where(workspace.c.id == id).values(state="removed", removed_at=NOW))


def purged(conn, at=LATER):
    steps = 0
    while purge(conn, at - timedelta(days=30)):
        steps += 1
    return steps


def rows(conn, whose):
    tables = [table for table in metadata.sorted_tables if "tenant" in table.c]
    return {t.name: n for t in tables if (n := len(conn.execute(select(t).where(t.c.tenant == whose)).all()))}


@pytest.fixture
def conn(parts, others):
    for one in (parts, others):
        one.glossary.keep_own(OwnTerm(id="own:flag", term="Flag", short="A switch."), "ann", NOW)
        one.ledger.put([Outgoing(kind="note", subject="ann", period="1", member="ann")], NOW)
    return parts.conn


def test_everything_of_the_company_is_deleted_and_nothing_of_another(conn, monkeypatch):
    monkeypatch.setattr("storage.departures.ROWS", 2)
    before, others = rows(conn, "acme"), rows(conn, "bravo")
    assert {"member", "account", "delivery", "own_term", "own_term_revision", "team"} <= before.keys()
    remove(conn)
    assert purged(conn) > len(before)
    assert rows(conn, "acme") == {}
    assert conn.execute(select(tenant.c.id)).scalars().all() == ["bravo"]
    assert rows(conn, "bravo") == others


def test_nothing_goes_before_its_time_nor_while_another_workspace_stands(conn):
    assert purged(conn) == 0
    remove(conn)
    assert purged(conn, NOW + timedelta(days=30)) == 0
    add_workspace(conn, Workspace(id="w2", tenant="acme", platform="teams", team="acme", name="Acme"))
    assert purged(conn) == 0
    remove(conn, "w2")
    assert purged(conn) > 0
    assert rows(conn, "acme") == {}


def came_back(conn, monkeypatch):
    """Somebody installs again after it was seen that the company is due: how much of it the next step leaves."""
    monkeypatch.setattr("storage.departures.due", lambda _conn, _before: ["acme"])  # what an old picture says
    purge(conn, NOW)
    return rows(conn, "acme")


def test_a_company_that_came_back_between_two_statements_keeps_everything(conn, monkeypatch):
    there = rows(conn, "acme")
    assert came_back(conn, monkeypatch) == there


def test_control_without_the_second_look_its_rows_go(conn, monkeypatch):
    there = rows(conn, "acme")
    monkeypatch.setattr("storage.departures.stays", lambda _conn, _whose: False)
    assert came_back(conn, monkeypatch) != there


def test_who_installs_while_the_rest_is_deleted_is_a_new_company(conn):
    remove(conn)
    before = LATER - timedelta(days=30)
    assert purge(conn, before)
    add_workspace(conn, Workspace(id="w-new", tenant="bravo", platform="test", team="acme", name="Acme"))
    assert due(conn, before) == ["acme"]
    while purge(conn, before):
        pass
    assert conn.execute(select(workspace.c.id).order_by(workspace.c.id)).scalars().all() == ["w-bravo", "w-new"]
