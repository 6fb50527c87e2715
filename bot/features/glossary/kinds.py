"""A term somebody shared in a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery
from bot.features.glossary.screens import entry_of, is_own, own_entry, shared_card
from bot.router import Composed, Kind, OnUnknown, Skip, Work


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    return {one.id: _shared(work, one) for one in deliveries}


def _shared(work: Work, one: Delivery) -> Composed | Skip:
    id = one.payload["term"]
    own = work.store.glossary.own(id) if is_own(id) else None
    term = None if is_own(id) else work.catalogs.at(one.payload["pack"]).terms.get(id)
    entry = own_entry(own) if own else entry_of(term) if term else None
    return Composed(shared_card(work.texts, entry, one.payload["name"])) if entry else Skip("term is gone")


SHARED = Kind(name="glossary_shared", compose=_compose, on_unknown=OnUnknown.HOLD)
