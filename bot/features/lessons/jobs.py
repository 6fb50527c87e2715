"""Public holidays of the regions people live in, written year by year as days without lessons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.holidays import public_holidays, region_named
from bot.router import Done, Job, Next, Work

PLANNED_IN = 11  # the month in which the holidays of the next year are written


def _step(work: Work, period: str, _cursor: Mapping[str, Any]) -> Next | Done:
    """One region and year (``DE-BE 2027``), and the plan for the year after it."""
    region, _, year = period.partition(" ")
    if region_named(region) is None or not year.isdecimal():
        return Done()
    for day, name in public_holidays(region, int(year)).items():
        work.store.people.add_day_off(day, region, name)
    work.store.jobs.start("holidays", f"{region} {int(year) + 1}", datetime(int(year), PLANNED_IN, 1, tzinfo=UTC))
    return Done()


HOLIDAYS = Job(name="holidays", step=_step)
