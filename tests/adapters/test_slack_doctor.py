"""What doctor says of Slack."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.slack.doctor import Finding, examine
from adapters.slack.manifest import OPTIONAL_SCOPES, SCOPES
from tests.adapters.slack_desk import settings
from tests.faults.slack_platform import Fault, SlackPlatform

OLD = "Mon, 02 Nov 2020 08:00:00 GMT"


@pytest.fixture
async def platform() -> AsyncIterator[SlackPlatform]:
    async with SlackPlatform().serve() as made:
        yield made


async def found(platform: SlackPlatform, **more: Any) -> dict[str, Finding]:
    own = settings(platform, **{"slack_signing_secret": SecretStr("0" * 32), **more})
    return {one.check: one for one in await asyncio.to_thread(examine, own)}


def granted(*missing: str) -> Fault:
    scopes = sorted({*SCOPES, *OPTIONAL_SCOPES} - set(missing))
    return Fault(arrives=True, headers={"x-oauth-scopes": ",".join(scopes)})


async def test_all_is_well(platform: SlackPlatform) -> None:
    platform.fail("auth.test", granted("files:write"))
    findings = await found(platform)
    assert all(one.fine for one in findings.values()), findings
    assert "Northwind" in findings["Slack token"].what
    assert "files:write" in findings["Slack scopes"].what


async def test_a_missing_scope_is_named_with_what_it_is_for(platform: SlackPlatform) -> None:
    platform.fail("auth.test", granted("im:history"))
    scopes = (await found(platform))["Slack scopes"]
    assert not scopes.fine
    assert SCOPES["im:history"] in scopes.what


async def test_a_wrong_token_a_wrong_secret_and_a_wrong_clock(platform: SlackPlatform) -> None:
    wrong = await found(platform, slack_bot_token=SecretStr("xoxb-wrong"), slack_signing_secret=SecretStr("short"))
    assert not wrong["Slack token"].fine
    assert not wrong["Slack way in"].fine
    assert "xoxb" not in str(wrong)
    platform.fail("auth.test", Fault(arrives=True, headers={"Date": OLD}))
    assert not (await found(platform))["Slack clock"].fine


async def test_slack_that_cannot_be_reached(platform: SlackPlatform) -> None:
    findings = await found(platform, slack_api_url="http://127.0.0.1:9/api/")
    assert findings["Slack token"].what == "no connection"
    assert "reach" in findings["Slack token"].todo


async def test_a_socket_and_installing_by_a_link(platform: SlackPlatform) -> None:
    findings = await found(
        platform, slack_app_token=SecretStr("xapp-wrong"), slack_client_id="1.2", public_url="http://coach"
    )
    assert not findings["Slack socket"].fine
    assert not findings["Slack token keys"].fine
    assert not findings["Slack address"].fine


def test_the_page_of_scopes_names_each_of_them_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs/explain/slack.md").read_text()
    table = page.partition("## What comes in")[0]
    assert set(re.findall(r"`([a-z_]+(?::[a-z]+)?)`", table)) == {*SCOPES, *OPTIONAL_SCOPES}
