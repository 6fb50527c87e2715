"""Is Teams set up so that it works? The signing keys can be fetched, and the secret gives a token."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
import msgspec

from adapters.settings import Settings
from adapters.teams.cloud import CLOUDS, Cloud
from adapters.teams.connector import bounded, open_session
from adapters.teams.required import Incomplete, required
from adapters.teams.tokens import Secret
from adapters.teams.verify import CHANNEL, parsed
from bot.errors import DeliveryFailed


class Finding(NamedTuple):
    """One check: what was found, and what to do when it is not fine."""

    check: str
    fine: bool
    what: str
    todo: str = ""


def examine(settings: Settings, cloud: Cloud | None = None) -> Sequence[Finding]:
    """Every check of Teams; takes a few seconds at most."""
    try:
        app_id, tenant, secret = required(settings)
    except Incomplete as error:
        return [Finding("Teams settings", fine=False, what=str(error), todo="See docs/howto/teams.md.")]
    complete = Finding("Teams settings", fine=True, what=f"app {app_id} in tenant {tenant}")
    used = cloud or CLOUDS[settings.teams_cloud]
    return [complete, *asyncio.run(_network(used, app_id=app_id, tenant=tenant, secret=secret))]


async def _network(cloud: Cloud, *, app_id: str, tenant: str, secret: str) -> Sequence[Finding]:
    async with open_session(cloud) as session:
        credentials = Secret(lambda: session, cloud, tenant=tenant, app_id=app_id, secret=secret)
        return [await _keys(session, cloud), await _token(credentials)]


async def _keys(session: aiohttp.ClientSession, cloud: Cloud) -> Finding:
    try:
        async with session.get(cloud.keys_url, allow_redirects=False) as response:
            response.raise_for_status()
            keys = parsed(msgspec.json.decode(await bounded(response)))
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        todo = f"Let this machine reach {cloud.keys_url}: without the keys every message is refused."
        return Finding("Teams signing keys", fine=False, what=type(error).__name__, todo=todo)
    usable = sum(CHANNEL in key.endorsements for key in keys.values())
    return Finding(
        "Teams signing keys", fine=usable > 0, what=f"{usable} keys for Teams", todo="Check MLOPS_TEAMS_CLOUD."
    )


async def _token(credentials: Secret) -> Finding:
    try:
        _, seconds = await credentials.fetch()
    except DeliveryFailed as failure:
        todo = (
            "Check MLOPS_TEAMS_APP_ID, MLOPS_TEAMS_TENANT_ID and MLOPS_TEAMS_APP_SECRET, and when the secret expires."
        )
        return Finding("Teams sign-in", fine=False, what=failure.reason, todo=todo)
    return Finding("Teams sign-in", fine=True, what=f"a token for {seconds / 60:.0f} minutes")
