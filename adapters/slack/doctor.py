"""Is Slack set up so that it works? The token, its scopes, the clocks, and the way in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from adapters.settings import Settings
from adapters.slack.calls import API_URL, Calls, TokenRefused, failure
from adapters.slack.keys import BadKeys, Keys
from adapters.slack.manifest import OPTIONAL_SCOPES, SCOPES
from adapters.slack.seats import PLATFORM
from bot.errors import DeliveryFailed
from storage.dialects import open_engine
from storage.installations import installations
from storage.tenancy import workspaces

SKEW_SECONDS = 60.0  # a signature is refused at 300


class Finding(NamedTuple):
    """One check: what was found, and what to do when it is not fine."""

    check: str
    fine: bool
    what: str
    todo: str = ""


def examine(settings: Settings) -> Sequence[Finding]:
    """Every check of Slack; takes a few seconds at most."""
    return [_way_in(settings), *_installing(settings), *asyncio.run(_network(settings))]


def _way_in(settings: Settings) -> Finding:
    todo = "Set MLOPS_SLACK_SIGNING_SECRET (Basic Information), or MLOPS_SLACK_APP_TOKEN for Socket Mode."
    secret = settings.slack_signing_secret
    if secret is not None and not re.fullmatch("[0-9a-f]{32}", secret.get_secret_value()):
        return Finding("Slack way in", fine=False, what="the signing secret is not 32 hexadecimal digits", todo=todo)
    ways = [name for name, value in (("HTTP", secret), ("Socket Mode", settings.slack_app_token)) if value]
    return Finding("Slack way in", fine=bool(ways), what=" and ".join(ways) or "none", todo=todo)


def _installing(settings: Settings) -> Sequence[Finding]:
    """Only where the app is installed by a link."""
    if settings.slack_client_id is None:
        return []
    todo = "Set MLOPS_SLACK_TOKEN_KEYS to a key of 32 bytes in URL-safe base64; keep old keys behind it."
    try:
        Keys(settings.slack_token_keys.get_secret_value() if settings.slack_token_keys else "")
        keys = Finding("Slack token keys", fine=True, what="readable")
    except BadKeys as error:
        keys = Finding("Slack token keys", fine=False, what=str(error), todo=todo)
    url = settings.public_url or ""
    is_public = url.startswith("https://")
    return [keys, Finding("Slack address", is_public, url or "none", "Set MLOPS_PUBLIC_URL to the https address of this server.")]  # fmt: skip


async def _network(settings: Settings) -> Sequence[Finding]:
    calls = Calls(settings.slack_api_url or API_URL)
    await calls.open()
    try:
        found: list[Finding] = []
        if settings.slack_bot_token is not None:
            found += await _token(calls, settings.slack_bot_token.get_secret_value())
        if settings.slack_app_token is not None:
            found.append(await _app_token(calls, settings.slack_app_token.get_secret_value()))
        for name, token in await asyncio.to_thread(_installed, settings):
            found.append(await _workspace(calls, name, token, settings.public_url or ""))
        return found
    finally:
        await calls.close()


def _installed(settings: Settings) -> Sequence[tuple[str, str | None]]:
    """Name and token of every workspace that was installed by a link; None for a token whose key is not there."""
    if settings.slack_client_id is None or settings.slack_token_keys is None:
        return []
    try:
        keys = Keys(settings.slack_token_keys.get_secret_value())
        engine = open_engine(settings.database_url)
    except Exception:  # noqa: BLE001 - keys and database have lines of their own
        return []
    try:
        with engine.connect() as conn:
            names = {one.id: one.name for one in workspaces(conn)}
            found = [one for one in installations(conn, PLATFORM) if one.token]
    except Exception:  # noqa: BLE001 - the database has a line of its own
        return []
    finally:
        engine.dispose()
    return [(names.get(one.workspace, one.workspace), keys.unlock(one.token)) for one in found]


async def _workspace(calls: Calls, name: str, token: str | None, url: str) -> Finding:
    """Whether Slack still takes the token of a workspace: nothing is sent there when it does not."""
    check = f"Slack workspace {name}"
    if token is None:
        todo = "Put the key it was locked with back into MLOPS_SLACK_TOKEN_KEYS, behind the new one."
        return Finding(check, fine=False, what="its token cannot be read: the key is missing", todo=todo)
    try:
        await calls.call(token, "auth.test", {})
    except DeliveryFailed as failed:
        todo = f"Nothing is sent there: ask its administrator to install the app again at {url}/slack/install."
        if not isinstance(failed, TokenRefused):
            todo = f"Let this machine reach {API_URL}."
        return Finding(check, fine=False, what=failed.reason, todo=todo)
    return Finding(check, fine=True, what="its token is taken")


async def _token(calls: Calls, token: str) -> Sequence[Finding]:
    try:
        response = await calls.client.api_call("auth.test", headers={"Authorization": f"Bearer {token}"})
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        reason = failure(error)
        todo = (
            "Copy MLOPS_SLACK_BOT_TOKEN again from OAuth & Permissions."
            if reason.permanent
            else f"Let this machine reach {API_URL}."
        )
        return [Finding("Slack token", fine=False, what=reason.reason, todo=todo)]
    team = response.data.get("team", "") if isinstance(response.data, dict) else ""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return [Finding("Slack token", fine=True, what=f"workspace {team}"), *_scopes(headers), *_skew(headers)]


def _scopes(headers: Mapping[str, Any]) -> Sequence[Finding]:
    if "x-oauth-scopes" not in headers:
        return []
    granted = {one.strip() for one in str(headers["x-oauth-scopes"]).split(",")}
    missing, optional = sorted(SCOPES.keys() - granted), sorted(OPTIONAL_SCOPES.keys() - granted)
    reasons = "; ".join(f"{name}: {SCOPES[name]}" for name in missing)
    what = f"missing {reasons}" if missing else f"all needed; not given: {', '.join(optional) or 'none'}"
    return [Finding("Slack scopes", not missing, what, "Add them under OAuth & Permissions and install the app again.")]


def _skew(headers: Mapping[str, Any]) -> Sequence[Finding]:
    try:
        theirs = parsedate_to_datetime(str(headers.get("date"))).timestamp()
    except (TypeError, ValueError):
        return []
    off = time.time() - theirs
    todo = "Set this machine's clock: requests more than five minutes old are refused."
    return [Finding("Slack clock", abs(off) <= SKEW_SECONDS, f"{off:+.0f} s beside Slack's", todo)]


async def _app_token(calls: Calls, token: str) -> Finding:
    try:
        await calls.call(token, "apps.connections.open", {})
    except DeliveryFailed as failed:
        todo = "Make an app-level token with connections:write under Basic Information."
        return Finding("Slack socket", fine=False, what=failed.reason, todo=todo)
    return Finding("Slack socket", fine=True, what="a socket can be opened")
