"""Public holidays of a region; the only file that imports the holidays package, and only when it is needed."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_REGION = re.compile(r"([A-Za-z]{2})(?:[-_ ]?([A-Za-z0-9]{1,4}))?")


def region_named(words: str) -> str | None:
    """The ISO 3166 code of a country (``FR``) or of a part of it (``DE-BE``) that has a calendar; None for others."""
    match = _REGION.fullmatch(words.strip())
    if match is None:
        return None
    country, part = match[1].upper(), (match[2] or "").upper()
    parts = _parts().get(country)
    if parts is None or (part and part not in parts):
        return None
    return f"{country}-{part}" if part else country


@lru_cache(maxsize=1)
def _parts() -> dict[str, frozenset[str]]:
    import holidays

    return {country: frozenset(parts) for country, parts in holidays.list_supported_countries().items()}


def public_holidays(region: str, year: int) -> dict[date, str]:
    """The holidays of a year by date, with their names. Raises ``ValueError`` for a region without a calendar."""
    import holidays

    if region_named(region) is None:
        raise ValueError(region)
    country, _, part = region.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year)
    return {day: str(name) for day, name in sorted(found.items()) if day.year == year}
