"""Rules that put people into tracks, once each, and never back into what they left."""

from datetime import timedelta

from bot.domain.cohorts import Rule
from bot.domain.people import Role
from bot.domain.tracks import Enrolment
from tests.storage.conftest import NOW, learner

CORE = Enrolment("core", 12)
PRODUCT = Enrolment("product", 4)


def tracks(parts, member="ann"):
    found = parts.lessons.learner(member)
    return [(one.track, one.given) for one in found.tracks] if found else None


def test_rules_are_kept_once_and_end(parts):
    rule = Rule("team", "blue", "core")
    assert parts.cohorts.add_rule(rule)
    assert not parts.cohorts.add_rule(rule)
    parts.cohorts.add_rule(Rule("channel", "ml", "core"))
    assert parts.cohorts.rules() == [Rule("channel", "ml", "core"), rule]
    assert parts.cohorts.is_awaited("ml")
    assert not parts.cohorts.is_awaited("blue")
    assert parts.cohorts.remove_rule(rule)
    assert not parts.cohorts.remove_rule(rule)


def test_somebody_new_gets_the_usual_time_and_is_planned(parts):
    assert parts.cohorts.put("ann", [CORE, PRODUCT], "Europe/Berlin", ["pm"]) == ("core", "product")
    found = parts.lessons.learner("ann")
    assert (found.zone, found.minute, found.days, found.roles) == ("Europe/Berlin", 570, 31, ("pm",))
    assert tracks(parts) == [("core", True), ("product", True)]
    assert parts.lessons.plan(NOW, NOW + timedelta(days=1)) == 1


def test_how_somebody_learns_is_left_alone_and_what_they_choose_is_their_own(parts):
    parts.lessons.save(learner("ann"))
    before = parts.lessons.learner("ann")
    assert parts.cohorts.put("ann", [CORE, PRODUCT], "Asia/Tokyo") == ("product",)
    after = parts.lessons.learner("ann")
    assert (after.zone, after.minute) == (before.zone, before.minute)
    assert tracks(parts) == [("core", False), ("product", True)]
    parts.lessons.save(learner("ann"))
    assert tracks(parts) == [("core", False)]
    assert parts.cohorts.put("ann", [PRODUCT], "Asia/Tokyo") == ()  # they left it


def test_who_stopped_is_not_put_back_until_they_start_again(parts):
    parts.lessons.save(learner("ann"))
    parts.lessons.remove("ann")
    assert parts.cohorts.put("ann", [CORE, PRODUCT], "Asia/Tokyo") == ()
    assert tracks(parts) is None
    parts.lessons.save(learner("ann"))
    assert parts.cohorts.put("ann", [PRODUCT], "Asia/Tokyo") == ("product",)


def test_people_come_page_by_page_with_what_rules_ask(parts):
    parts.people.set_region("bob", "DE-BE")
    parts.people.grant("bob", Role.HOST)
    parts.cohorts.put("bob", [CORE], "Europe/Berlin", ["ds"])
    parts.people.leave("cyd", NOW)
    first = parts.cohorts.people("", 1)
    assert [one.id for one in first] == ["ann"]
    (bob,) = parts.cohorts.people("ann", 5)
    assert bob == parts.cohorts.person("bob")
    assert (bob.team, bob.region, bob.roles, bob.begun) == ("blue", "DE-BE", ("ds",), {"core"})
    assert parts.cohorts.person("cyd") is None
