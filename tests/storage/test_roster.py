"""A list of people goes into both databases whole, as often as one likes, and over nobody's own choice."""

import pytest
from sqlalchemy import event, select

from bot.domain.people import Role
from bot.domain.roster import Mistakes, read, written
from bot.ports.people import Member
from storage.lessons import learner
from storage.people import member, member_role
from storage.roster import Roster, listed
from tests.storage.conftest import NOW

LIST = """account,name,team,manager,rights,zone,region,tracks
u-ann,Changed,Green,u-new,host;author,Asia/Tokyo,DE-BE,core
u-new,Newman,Green,,,,,
u-bob,,-,,-,,,
"""


@pytest.fixture
def roster(parts):
    ids = iter(f"new-{at}" for at in range(100))
    return Roster(parts, "w-acme", {"core": 9}, lambda: next(ids))


def people(connection, tenant="acme"):
    rows = connection.execute(select(member).where(member.c.tenant == tenant))
    return {row.id: (row.name, row.team, row.zone, row.region) for row in rows}


def test_people_teams_managers_rights_and_tracks_are_taken(connection, parts, others, roster):
    parts.people.grant("bob", Role.ADMIN)
    other = people(connection, "bravo")
    said = {(one.line, one.what) for one in roster.apply(read(LIST), NOW)}
    green = next(one for one in parts.people.teams() if one.name == "Green")
    assert people(connection)["ann"] == ("Ann", green.id, "Asia/Tokyo", "DE-BE")  # a name is the person's own
    new = parts.people.actor("w-acme", "u-new")
    assert (new.name, new.team, new.manages) == ("Newman", green.id, (green.id,))
    assert parts.people.actor("w-acme", "u-ann").roles == {Role.HOST, Role.AUTHOR}
    assert parts.people.actor("w-acme", "u-bob").roles == frozenset()
    assert people(connection)["bob"][1] is None
    assert parts.lessons.learner("ann").tracks[0].track == "core"
    assert (4, "team none; -admin") in said
    assert (2, "team Green; +author; +host; zone Asia/Tokyo; region DE-BE; track core") in said
    assert people(connection, "bravo") == other


def test_a_second_time_it_changes_nothing(connection, roster):
    roster.apply(read(LIST), NOW)
    before = (
        people(connection),
        connection.execute(select(learner)).all(),
        connection.execute(select(member_role)).all(),
    )
    assert roster.apply(read(LIST), NOW) == []
    after = people(connection), connection.execute(select(learner)).all(), connection.execute(select(member_role)).all()
    assert after == before


def test_what_people_chose_stays(parts, roster):
    parts.people.set_zone("ann", "Europe/Paris")
    parts.people.set_region("ann", "FR")
    roster.apply(read(LIST), NOW)
    assert (parts.people.member("ann").zone, parts.people.member("ann").region) == ("Europe/Paris", "FR")
    parts.lessons.remove("ann")
    assert roster.apply(read(LIST), NOW) == []
    assert parts.lessons.learner("ann") is None  # who stopped is not put back


def test_unknown_managers_and_tracks_are_mistakes_by_line(roster):
    with pytest.raises(Mistakes) as caught:
        roster.apply(read("account,team,manager,tracks\nu-ann,Blue,u-nobody,core\nu-bob,,,rocketry\n"), NOW)
    assert [(one.line, one.text) for one in caught.value.found] == [
        (2, "nobody here has the account u-nobody"),
        (3, "no track is called rocketry"),
    ]


def test_who_left_or_was_erased_is_left_out(parts, roster):
    parts.people.leave("ann", NOW)
    parts.privacy.erase("bob", "x-1", NOW)
    said = {one.account: one.what for one in roster.apply(read("account\nu-ann\nu-bob\nu-cyd\n"), NOW)}
    assert said == {"u-ann": "left out: has left", "u-bob": "left out: was erased, and has not spoken since"}
    assert parts.people.actor("w-acme", "u-bob") is None


def test_what_is_exported_is_imported_without_a_change(connection, parts, roster):
    roster.apply(read(LIST), NOW)
    text = written(listed(connection, "acme", "w-acme"))
    assert text.splitlines()[1].startswith("u-ann,Ann,Green,u-new,author;host,Asia/Tokyo,DE-BE,core")
    assert roster.apply(read(text), NOW) == []


def test_a_long_list_is_as_many_statements_as_a_short_one(connection, parts, roster):
    """It holds SQLite's only writer: what it costs may not be one statement a line."""
    head = "account,name,team,manager,rights,zone,region,tracks\n"

    def statements(prefix, people):
        lines = (f"{prefix}{at},N,Red,,host,Europe/Paris,DE-BE,core\n" for at in range(people))
        run = []

        def count(*_):
            run.append(1)

        event.listen(connection, "before_cursor_execute", count)
        changes = roster.apply(read(head + "".join(lines)), NOW)
        event.remove(connection, "before_cursor_execute", count)
        assert len(changes) == people
        return len(run)

    statements("warm", 1)
    assert statements("short", 5) == statements("long", 60)
    assert parts.people.actor("w-acme", "long59").roles == {Role.HOST}


def test_who_comes_while_the_list_is_taken_is_a_mistake_and_not_two_people(parts, roster, monkeypatch):
    reading = Roster._read

    def and_somebody_comes(self, entries):
        reading(self, entries)
        parts.people.add_member(Member(id="met", name="Met"), NOW)
        parts.people.add_account("a-met", "w-acme", "met", "u-new", "")

    monkeypatch.setattr(Roster, "_read", and_somebody_comes)
    with pytest.raises(Mistakes) as caught:
        roster.apply(read(LIST), NOW)
    assert [(one.line, one.text) for one in caught.value.found] == [(3, "u-new has just come: take the list once more")]
