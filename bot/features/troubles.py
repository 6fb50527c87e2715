"""A workspace or a channel that takes nothing more from us: the administrators are told once, by another way if need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.domain.deliveries import Delivery, Outgoing
from bot.messages import SUMMARY_LIMIT, Heading, Message, Text, clip, plain
from bot.router import Composed, Feature, Kind, Skip, Window, Work

KIND = "trouble"
FRESH = timedelta(days=3)  # older news is in `admin deliveries`
SURFACES = {"slack": "Slack", "teams": "Microsoft Teams"}


def _plan(work: Work, _window: Window) -> int:
    untold = work.store.troubles.untold(work.now - FRESH)
    told = [
        Outgoing(
            kind=KIND,
            subject=one.id,
            period=f"{one.first}+{owner}",
            member=owner,
            expires_at=work.now + FRESH,
            payload={"what": one.what, "name": one.name, "platform": one.platform, "reason": one.reason},
            around=one.workspace if one.what == "workspace" else None,
        )
        for one in untold
        for owner in work.store.doubts.owners()
    ]
    return work.store.ledger.put(told, work.now) if told else 0


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    return {one.id: Composed(_told(work, one.payload)) for one in deliveries}


def _told(work: Work, payload: Mapping[str, str]) -> Message:
    key, name = payload["what"], payload["name"]
    surface = SURFACES.get(payload["platform"], payload["platform"])
    said = work.say(f"troubles.{key}", name=name, surface=surface, reason=payload["reason"])
    title = plain(work.say("troubles.title"))
    return Message(clip(plain(said), SUMMARY_LIMIT), (Heading(title), Text(said)))


FEATURE = Feature(name="troubles", kinds=[Kind(name=KIND, plan=_plan, compose=_compose)])
