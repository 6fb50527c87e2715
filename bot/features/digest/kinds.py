"""The digest as a message to the manager, on the morning set for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery
from bot.domain.digests import TREND_WEEKS
from bot.features.digest.screens import digest_card
from bot.ports.people import Team
from bot.router import Composed, Kind, OnUnknown, Skip, Work


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """Only who leads the team now gets its digest; nothing is forwarded."""
    managers = {team.id: team.manager for team in work.store.people.teams()}
    members = work.store.people.members([one.member for one in deliveries if one.member])
    reasons = {}
    for one in deliveries:
        person = members.get(one.member or "")
        if person is None or not person.active or managers.get(one.subject) != one.member:
            reasons[one.id] = "not the manager any more"
    return reasons


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    teams = {team.id: team for team in work.store.people.teams()}
    return {one.id: _composed(work, teams[one.subject], one) for one in deliveries}


def _composed(work: Work, team: Team, one: Delivery) -> Composed | Skip:
    latest = work.store.digest.editions(one.subject, one.member or "", TREND_WEEKS)
    editions = [edition for edition in latest if edition.week <= one.period]
    if not editions:
        return Skip("nothing published")
    return Composed(digest_card(work.texts, team, editions))


DIGEST = Kind(name="digest", guard=_guard, compose=_compose, on_unknown=OnUnknown.HOLD)
