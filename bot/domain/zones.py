"""Time zones as people name them."""

from __future__ import annotations

import difflib

from bot.domain.calendar import zone_names


def named(words: str) -> str | None:
    """The zone for an IANA name or a city, in any case; None when there is none."""
    said = words.strip().replace(" ", "_").casefold()
    if not said:
        return None
    matching = [name for name in zone_names() if name.casefold() == said]
    if not matching:
        matching = [name for name in zone_names() if "/" in name and name.rsplit("/", 1)[1].casefold() == said]
    # America/Argentina/Buenos_Aires and America/Buenos_Aires are one place: the shorter name is the link.
    return min(matching, key=lambda name: (name.count("/"), name), default=None)


def nearest(words: str) -> list[str]:
    """At most three zones whose city looks like the words."""
    said = words.strip().replace(" ", "_").casefold()[:40]
    cities = {name.rsplit("/", 1)[1].casefold(): name for name in sorted(zone_names()) if "/" in name}
    return [cities[one] for one in difflib.get_close_matches(said, cities, n=3, cutoff=0.6)]
