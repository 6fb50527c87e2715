"""The doctor on Teams: what is missing, unreachable or refused, and what to do."""

from __future__ import annotations

import asyncio

from adapters.teams import doctor
from adapters.teams.cloud import emulated
from tests.adapters.teams_world import settings
from tests.faults.teams_platform import Fault, TeamsPlatform


def test_half_a_set_up_is_told_with_what_is_missing():
    (found,) = doctor.examine(settings(teams_app_secret=None))
    assert not found.fine
    assert "MLOPS_TEAMS_APP_SECRET" in found.what


async def test_keys_and_token_are_tried():
    platform = TeamsPlatform()
    await platform.start()
    try:
        cloud = emulated(platform.base)
        fine = await asyncio.to_thread(doctor.examine, settings(), cloud)
        assert [one.fine for one in fine] == [True, True, True]
        platform.key_faults.append(Fault(status=500))
        platform.token_faults.append(Fault(status=401))
        wrong = await asyncio.to_thread(doctor.examine, settings(), cloud)
        assert [(one.fine, bool(one.todo)) for one in wrong] == [(True, False), (False, True), (False, True)]
        assert "not-a-real-secret" not in str(wrong)
    finally:
        await platform.stop()
