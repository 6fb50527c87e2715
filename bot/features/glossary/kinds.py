"""A term somebody shared in a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery
from bot.features.glossary.screens import shared_card
from bot.router import Composed, Kind, OnUnknown, Skip, Work


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    return {one.id: _shared(work, one) for one in deliveries}


def _shared(work: Work, one: Delivery) -> Composed | Skip:
    term = work.catalogs.at(one.payload["pack"]).terms.get(one.payload["term"])
    return Composed(shared_card(work.texts, term, one.payload["name"])) if term else Skip("term is gone")


SHARED = Kind(name="glossary_shared", compose=_compose, on_unknown=OnUnknown.HOLD)
