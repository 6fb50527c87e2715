"""Members, accounts and rights: met once whatever races, gone and back as the same member, named safely."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from bot.domain.conversation import Incoming, MemberJoined, Place
from bot.domain.people import Role
from bot.domain.settings import TenantSettings
from bot.ports.people import Channel, Member, Team
from storage.people import account, member
from tests.storage.conftest import NOW


def incoming(external="u-new", place=None, workspace="w-acme", **values):
    place = place or Place("direct", f"d-{external}")
    return Incoming(workspace, external, place, MemberJoined(), "k", **values)


def test_somebody_new_is_met_once(parts):
    actor, is_new = parts.people.meet(incoming(name="Dan", zone="Asia/Tokyo", locale="ja"), "dan", NOW)
    assert is_new
    assert (actor.member, actor.name, actor.zone, actor.locale) == ("dan", "Dan", "Asia/Tokyo", "ja")
    again, is_new = parts.people.meet(incoming(name="Daniel"), "dan2", NOW)
    assert (again, is_new) == (actor, False)
    assert parts.people.member("dan2") is None


def test_a_platform_that_says_nothing_gives_the_id_and_the_zone_of_the_workspace(parts):
    actor, _ = parts.people.meet(incoming(), "dan", NOW)
    assert (actor.name, actor.zone) == ("u-new", "Europe/Berlin")


@pytest.mark.parametrize("zone", ["Pacific Standard Time", "Mars/Phobos", "../../etc/passwd", "UTC\x00", ""])
def test_a_zone_nobody_knows_is_not_taken(parts, zone):
    actor, _ = parts.people.meet(incoming(zone=zone), "dan", NOW)
    assert actor.zone == "Europe/Berlin"


def test_a_name_has_no_control_characters_and_an_end(parts):
    actor, _ = parts.people.meet(incoming(name="Da\x00n\u202e\n Evil" + "x" * 500), "dan", NOW)
    assert actor.name.startswith("Dan Evilx")
    assert len(actor.name) == 80


def test_somebody_met_in_a_channel_gets_an_address_when_they_write_directly(parts):
    def address():
        return parts.conn.execute(select(account.c.address).where(account.c.external == "u-new")).scalar_one()

    parts.people.meet(incoming(place=Place("channel", "c-acme")), "dan", NOW)
    assert address() == ""
    parts.people.meet(incoming(place=Place("direct", "d-1")), "dan", NOW)
    assert address() == "d-1"
    parts.people.meet(incoming(place=Place("channel", "c-acme")), "dan", NOW)
    assert address() == "d-1"


def test_a_direct_conversation_without_an_id_does_not_forget_the_one_we_know(parts):
    for id in ("d-1", ""):
        parts.people.meet(incoming(place=Place("direct", id)), "dan", NOW)
    assert parts.conn.execute(select(account.c.address).where(account.c.external == "u-new")).scalar_one() == "d-1"


def test_who_left_is_nobody_and_comes_back_as_the_same_member(parts):
    parts.people.leave("ann", NOW)
    assert parts.people.actor("w-acme", "u-ann") is None
    assert [one.id for one in parts.people.team_members("blue")] == ["bob", "cyd"]
    actor, is_new = parts.people.meet(incoming("u-ann"), "ann2", NOW)
    assert (actor.member, is_new) == ("ann", True)
    assert parts.people.member("ann").active


def test_one_meeting_of_many_at_once(store):
    """Two commands of a newcomer arrive together; each would make a member, and one account cannot have two."""
    start = threading.Barrier(8)

    def meet(number):
        start.wait()
        met = store.write("acme", lambda parts: parts.people.meet(incoming(), f"n{number}", NOW))
        return met.result()

    with ThreadPoolExecutor(8) as pool:
        met = list(pool.map(meet, range(8)))
    assert len({actor.member for actor, _ in met}) == 1
    assert sum(is_new for _, is_new in met) == 1
    known = select(func.count()).select_from(member).where(member.c.id.startswith("n"))
    assert store.look(lambda conn: conn.execute(known).scalar_one()).result() == 1


def test_an_event_counts_once_a_workspace(parts):
    assert parts.people.first_time("w-acme", "e1", NOW)
    assert not parts.people.first_time("w-acme", "e1", NOW)
    assert parts.people.first_time("w-bravo", "e1", NOW)


def test_one_event_of_many_at_once(store):
    start = threading.Barrier(8)

    def seen(_):
        start.wait()
        return store.write("acme", lambda parts: parts.people.first_time("w-acme", "e1", NOW)).result()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(seen, range(8))) == 1


def test_rights_come_from_roles_and_from_the_teams_one_leads(parts):
    parts.people.grant("bob", Role.HOST)
    parts.people.grant("bob", Role.HOST)
    ann, bob = (parts.people.actor("w-acme", f"u-{name}") for name in ("ann", "bob"))
    assert (ann.roles, ann.manages, ann.team) == (frozenset(), ("blue",), "blue")
    assert (bob.roles, bob.manages) == (frozenset({Role.HOST}), ())


def test_the_zone_in_force_is_ones_own_or_the_workspaces(parts):
    assert parts.people.zone_in_force("ann") == "Europe/Berlin"
    parts.people.set_zone("ann", "Asia/Kolkata")
    assert parts.people.zone_in_force("ann") == "Asia/Kolkata"
    assert parts.people.actor("w-acme", "u-ann").zone == "Asia/Kolkata"
    parts.people.add_member(Member(id="dan", name="Dan"), NOW)
    assert parts.people.zone_in_force("dan") == "UTC"


def test_a_second_account_is_not_preferred_and_the_same_one_is_not_added(parts):
    assert not parts.people.add_account("a-x", "w-acme", "bob", "u-ann", "d-x")
    assert not parts.people.add_account("a-ann2", "w-acme", "ann", "u-ann2", "d-2")  # one a workspace
    assert parts.people.add_account("a-ann2", "w-other", "ann", "u-ann2", "d-2")
    preferred = select(member.c.account).where(member.c.tenant == "acme", member.c.id == "ann")
    assert parts.conn.execute(preferred).scalar_one() == "a-ann"


def test_days_off_are_the_regions_and_everybodys(parts):
    for day, region in ((1, None), (2, "DE"), (3, "FR"), (9, "DE")):
        parts.people.add_day_off(date(2026, 12, day), region)
    found = parts.people.days_off("DE", date(2026, 12, 1), date(2026, 12, 8))
    assert found == {date(2026, 12, 1), date(2026, 12, 2)}
    assert parts.people.days_off(None, date(2026, 12, 1), date(2026, 12, 8)) == {date(2026, 12, 1)}


def test_settings_flags_channels_and_teams_are_read_as_written(parts):
    settings = TenantSettings(group_floor=7, values={"registry": "the shelf"})
    parts.people.change_settings(group_floor=7)
    parts.people.change_settings(values={"registry": "the shelf"})
    assert parts.people.settings() == settings
    parts.people.set_flag("ann", "welcomed", 2)
    parts.people.set_flag("ann", "seen", ["a"])
    assert [parts.people.flag("ann", name) for name in ("welcomed", "seen", "other")] == [2, ["a"], None]
    new = Channel(id="ops", workspace="w-acme", address="c-2", name="ops", zone="UTC")
    parts.people.add_channel(new)
    assert parts.people.channel("ops") == parts.people.channel_at("w-acme", "c-2") == new
    parts.people.add_team(Team(id="amber", name="Amber", manager=None))
    assert [one.id for one in parts.people.teams()] == ["amber", "blue"]


def test_last_active_is_kept(parts):
    later = NOW + timedelta(hours=1)
    parts.people.saw({"ann": later, "bob": NOW})
    seen = select(member.c.id, member.c.active_at).where(member.c.tenant == "acme", member.c.active_at.is_not(None))
    assert {row.id: row.active_at for row in parts.conn.execute(seen)} == {"ann": later, "bob": NOW}
