"""The whole service against npm ``emulate``: installed by its OAuth pages, then talking to its Web API with its own ids.

Nothing here is ours on Slack's side: the emulator makes users, channels, tokens and triggers, and refuses what does not fit.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.slack.keys import new_key
from adapters.slack.manifest import OPTIONAL_SCOPES, SCOPES
from bot.domain.people import Role
from bot.errors import DeliveryFailed
from storage import tenancy
from tests.adapters.slack_desk import Desk, buttons, open_desk_at, words

NPM = Path(__file__).parent / "npm/node_modules"
CLIENT, SECRET = "12345.67890", "emulated-secret"
BACK = "http://coach/slack/oauth"
PEOPLE = ("lena", "tarik")
SEED = {
    "slack": {
        "team": {"name": "Northwind", "domain": "northwind"},
        "users": [{"name": name, "real_name": name.title()} for name in PEOPLE],
        "strict_scopes": True,
        "oauth_apps": [
            {
                "client_id": CLIENT,
                "client_secret": SECRET,
                "app_id": "A000000001",
                "name": "MLOps coach",
                "redirect_uris": [BACK],
                "scopes": sorted({*SCOPES, *OPTIONAL_SCOPES}),
            }
        ],
    }
}
Json = dict[str, Any]


class Emulator:
    """The emulator's side: what a test may ask it, and what a desk needs of a platform."""

    team = "T000000001"

    def __init__(self, url: str) -> None:
        self.url = url
        self.api_url = f"{url}/api/"
        self.tokens: set[str] = set()
        self._number = itertools.count()
        self.http = httpx.AsyncClient(base_url=url)

    def response_url(self) -> str:
        return f"{self.url}/response/{next(self._number)}"

    async def ask(self, token: str, method: str, **arguments: str) -> Json:
        """A call of the Web API: this one routes POST only."""
        response = await self.http.post(f"/api/{method}", data=arguments, headers={"Authorization": f"Bearer {token}"})
        return dict(response.json())


@asynccontextmanager
async def emulator(folder: Path) -> AsyncIterator[Emulator]:
    """A process of its own on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    seed = folder / "seed.yaml"
    seed.write_text(json.dumps(SEED))
    process = await asyncio.create_subprocess_exec(
        "node", str(NPM / "emulate/dist/index.js"), "start", "--service", "slack", "--port", str(port), "--seed", str(seed),
        stdout=asyncio.subprocess.DEVNULL, cwd=folder, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    made = Emulator(f"http://127.0.0.1:{port}")
    try:
        async with asyncio.timeout(20):
            while not await _answers(made):  # noqa: ASYNC110 - a process that starts tells nobody
                await asyncio.sleep(0.1)
        yield made
    finally:
        process.terminate()
        await process.wait()
        await made.http.aclose()


async def _answers(made: Emulator) -> bool:
    try:
        return (await made.http.get("/oauth/v2/authorize")).status_code < 500
    except httpx.TransportError:
        return False


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with emulator(tmp_path) as platform:
        by_link: Json = {
            "slack_bot_token": None,
            "slack_client_id": CLIENT,
            "slack_client_secret": SecretStr(SECRET),
            "slack_token_keys": SecretStr(new_key()),
            "public_url": "http://coach",
        }
        async with open_desk_at(platform, tmp_path, **by_link) as made:  # type: ignore[arg-type]
            yield made


async def installed(desk: Desk) -> str:
    """Through every page, as an admin's browser goes; the token that the emulator gave."""
    platform = desk.platform
    begun = await desk.http.get("/slack/install")
    page = await platform.http.get(begun.headers["location"])  # type: ignore[attr-defined]
    assert page.status_code == 200, page.text
    form = next(one for one in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if "lena" in one)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    agreed = await platform.http.post(  # type: ignore[attr-defined]
        "/oauth/v2/authorize/callback", data={name: unescape(value) for name, value in fields.items()}
    )
    assert agreed.headers["location"].startswith(BACK)
    done = await desk.http.get(agreed.headers["location"])
    assert done.status_code == 200
    assert "installed" in done.text
    [seat] = desk.front._seats.all
    return seat.token


async def asked(desk: Desk, token: str, method: str, **arguments: str) -> Json:
    answer: Json = await desk.platform.ask(token, method, **arguments)  # type: ignore[attr-defined]
    assert answer["ok"], answer
    return answer


async def user(desk: Desk, token: str, name: str) -> str:
    members = (await asked(desk, token, "users.list"))["members"]
    return next(str(one["id"]) for one in members if one["name"] == name)


async def conversation(desk: Desk, token: str, who: str) -> tuple[str, list[Json]]:
    """The direct conversation with somebody and what stands there, oldest first."""
    channel = (await asked(desk, token, "conversations.open", users=who))["channel"]["id"]
    found = await asked(desk, token, "conversations.history", channel=channel, include_all_metadata="true")
    return channel, [{**one, "channel": channel} for one in found["messages"][::-1]]


async def trigger(desk: Desk, token: str, who: str) -> str:
    return str((await asked(desk, token, "views.generateTriggerId", user_id=who))["trigger_id"])


async def joined(desk: Desk, token: str, name: str) -> str:
    who = await user(desk, token, name)
    await desk.event({"type": "team_join", "user": {"id": who, "name": name, "tz": "Europe/Berlin"}})
    await desk.tick()
    return who


async def test_installed_by_its_pages_and_welcomed_in_its_direct_conversation(desk: Desk) -> None:
    token = await installed(desk)
    lena = await joined(desk, token, "lena")
    _, [welcome] = await conversation(desk, token, lena)
    assert welcome["metadata"]["event_payload"]["delivery_id"] > 0
    assert buttons(welcome)
    assert "define" in words(await desk.slash(lena, "help"))
    again = await desk.http.get("/slack/oauth", params={"code": "x", "state": "y"})
    assert again.status_code == 400


async def test_a_form_opens_by_a_real_trigger_and_a_used_one_is_told(desk: Desk) -> None:
    token = await installed(desk)
    lena = await joined(desk, token, "lena")
    real = await trigger(desk, token, lena)
    refused: list[Json] = []

    async def note(_url: str, body: Json) -> None:
        refused.append(body)

    desk.front._calls.respond = note  # type: ignore[method-assign, assignment]
    await desk.slash(lena, "suggest feature flag", trigger_id=real)
    await desk.settled()
    assert refused == []
    await desk.slash(lena, "suggest another", trigger_id=real)  # a new command that carries a used trigger is a repeat
    await desk.slash(lena, "suggest another", trigger_id=f"{real}0")
    await desk.settled()
    [told] = refused
    assert "try again" in told["text"]


async def test_home_lesson_answer_and_pause(desk: Desk) -> None:
    token = await installed(desk)
    lena = await joined(desk, token, "lena")
    await desk.event({"type": "app_home_opened", "user": lena, "tab": "home", "channel": "D0"})
    await desk.settled()
    channel, [welcome] = await conversation(desk, token, lena)
    opened: list[Json] = []
    real = desk.front._calls.call

    async def watched(token: str, method: str, arguments: Json) -> Json:
        answer = await real(token, method, arguments)
        opened.extend([answer] if method == "views.open" else [])
        return answer

    desk.front._calls.call = watched  # type: ignore[method-assign, assignment]
    press = next(one for one in buttons(welcome) if one["text"]["text"].startswith("Choose role"))
    await desk.interact(
        lena, "block_actions", container={"type": "message", "message_ts": welcome["ts"], "channel_id": channel},
        channel={"id": channel, "name": "directmessage"}, message=welcome, actions=[press],
        trigger_id=await trigger(desk, token, lena),
    )  # fmt: skip
    await desk.settled()
    answer = await desk.submit(lena, opened[-1]["view"])
    assert answer["response_action"] == "update"
    await desk.tick(minutes=45)
    _, messages = await conversation(desk, token, lena)
    assert any(one["action_id"].startswith("lessons.answer") for one in buttons(messages[-1]))
    assert "pause" in words(await desk.slash(lena, "pause")).lower()


async def test_an_invitation_is_uploaded_and_a_lost_answer_is_found(desk: Desk) -> None:
    token = await installed(desk)
    lena, tarik = await joined(desk, token, "lena"), await joined(desk, token, "tarik")
    [seat] = desk.system.store.look(tenancy.workspaces).result()
    actor = desk.system.store.read(seat.tenant, lambda parts: parts.people.actor(seat.id, lena)).result()
    assert actor is not None
    desk.system.store.write(seat.tenant, lambda parts: parts.people.grant(actor.member, Role.HOST)).result()
    window = {
        "days": {"type": "checkboxes", "selected_options": [{"value": "3"}]},
        "place": {"type": "plain_text_input", "value": "https://call.example/lena"},
    }
    calls: list[tuple[str, Json]] = []
    real = desk.front._calls.call

    async def once_lost(token: str, method: str, arguments: Json) -> Json:
        answer = await real(token, method, arguments)
        calls.append((method, dict(arguments)))
        if method == "chat.postMessage" and sum(name == method for name, _ in calls) == 1:
            raise TimeoutError
        return answer

    await _open_window(desk, token, lena, window)
    await _book(desk, token, tarik)
    desk.front._calls.call = _failing(once_lost)  # type: ignore[method-assign]
    await desk.tick()
    await desk.tick(minutes=1)
    files: list[str] = []
    for who in (lena, tarik):
        channel, messages = await conversation(desk, token, who)
        markers = [one["metadata"]["event_payload"]["delivery_id"] for one in messages if one.get("metadata")]
        assert len(markers) == len(set(markers)), "whatever was lost on the way, nothing stands twice"
        confirmed = next(one for one in messages if "drift early" in words(one))
        below = await asked(desk, token, "conversations.replies", channel=channel, ts=confirmed["ts"])
        files += [file["name"] for one in below["messages"] for file in one.get("files", [])]
    assert files == ["invite.ics"] * 2, "the one message was found by its marker, and its file was added"


async def test_terms_settings_and_ones_own_data_as_a_file(desk: Desk) -> None:
    token = await installed(desk)
    lena = await joined(desk, token, "lena")
    channel, [welcome] = await conversation(desk, token, lena)
    await desk.submit(lena, await _opened(desk, token, lena, welcome, "Choose role"))
    assert "drift" in words(await desk.slash(lena, "define drift")).lower()
    assert "drift" in words(await desk.slash(lena, "find drift")).lower()
    await desk.slash(lena, "suggest feature flag", trigger_id=await trigger(desk, token, lena))
    await desk.settled()
    view = await _opened(desk, token, lena, await desk.slash(lena, "settings"), "Change settings")
    done = await desk.submit(lena, view, zone={"type": "plain_text_input", "value": "Tokyo"})
    assert done["response_action"] == "update", done
    assert "Asia/Tokyo" in words(await desk.slash(lena, "privacy"))
    assert "The code works once" in words(await desk.slash(lena, "link"))
    await desk.slash(lena, "privacy export", channel=channel, channel_name="directmessage")
    await desk.settled()
    found = await asked(desk, token, "conversations.history", channel=channel)
    names = [file["name"] for one in found["messages"] for file in one.get("files", [])]
    assert len(names) == 1
    assert names[0].endswith(".json")


async def test_a_quiz_in_a_channel_and_what_becomes_of_it_when_that_is_archived(desk: Desk) -> None:
    token = await installed(desk)
    lena, tarik = await joined(desk, token, "lena"), await joined(desk, token, "tarik")
    [seat] = desk.system.store.look(tenancy.workspaces).result()
    actor = desk.system.store.read(seat.tenant, lambda parts: parts.people.actor(seat.id, lena)).result()
    assert actor is not None
    desk.system.store.write(seat.tenant, lambda parts: parts.people.grant(actor.member, Role.ADMIN)).result()
    channel = await _channel(desk, token)
    assert "Tuesday" in words(await desk.slash(lena, "quiz on", channel=channel))
    posted: list[Json] = []  # the app has no scope to read a channel, and needs none
    real = desk.front._calls.call

    async def noted(token: str, method: str, arguments: Json) -> Json:
        answer = dict(await real(token, method, arguments))
        posted.extend([{**arguments, "ts": answer["ts"]}] if arguments.get("channel") == channel else [])
        return answer

    desk.front._calls.call = noted  # type: ignore[method-assign, assignment]
    for _ in range(3):
        await desk.tick(hours=13)
    parent, *questions = posted
    assert "Weekly quiz" in words(parent)
    assert [one["thread_ts"] for one in questions] == [parent["ts"]] * 5
    for question in questions:
        await desk.press(tarik, question, "A")
    await desk.settled()
    desk.front._calls.call = _archived(real, channel)  # type: ignore[method-assign]
    for _ in range(6):
        await desk.tick(hours=12)
    _, messages = await conversation(desk, token, lena)
    told = [one for one in messages if "is_archived" in words(one)]
    assert len(told) == 1


def _archived(call: Any, channel: str) -> Any:
    """This emulator lets a bot write into a channel that is archived; Slack does not."""

    async def refused(token: str, method: str, arguments: Json) -> Json:
        if method == "chat.postMessage" and arguments["channel"] == channel:
            raise DeliveryFailed("is_archived", permanent=True)
        return dict(await call(token, method, arguments))

    return refused


async def _channel(desk: Desk, token: str) -> str:
    """A channel that the bot is in."""
    found = (await asked(desk, token, "conversations.list"))["channels"]
    channel = str(next(one["id"] for one in found if not one.get("is_im")))
    await desk.platform.ask(token, "conversations.join", channel=channel)  # type: ignore[attr-defined]
    [seat] = desk.front._seats.all
    await desk.event({"type": "member_joined_channel", "user": seat.bot, "channel": channel})
    await desk.settled()
    return channel


def _failing(call: Any) -> Any:
    from adapters.slack.calls import failure

    async def failing(token: str, method: str, arguments: Json) -> Json:
        try:
            return dict(await call(token, method, arguments))
        except TimeoutError as error:
            raise failure(error) from error

    return failing


async def _open_window(desk: Desk, token: str, who: str, values: Json) -> None:
    view = await _opened(desk, token, who, (await desk.slash(who, "host")), "Add a weekly time")
    done = await desk.submit(who, view, **values)
    assert done["response_action"] == "update", done


async def _book(desk: Desk, token: str, who: str) -> None:
    view = await _opened(desk, token, who, (await desk.slash(who, "hours")), "Book")
    question = {"type": "plain_text_input", "value": "How do we notice drift early?"}
    done = await desk.submit(who, view, question=question)
    assert done["response_action"] == "update", done


async def _opened(desk: Desk, token: str, who: str, message: Json, label: str) -> Json:
    """The view as the emulator keeps it."""
    seen: list[Json] = []
    real = desk.front._calls.call

    async def watched(token: str, method: str, arguments: Json) -> Json:
        answer = await real(token, method, arguments)
        seen.append(answer)
        return answer

    desk.front._calls.call = watched  # type: ignore[method-assign, assignment]
    press = next(one for one in buttons(message) if one["text"]["text"].startswith(label))
    await desk.interact(
        who, "block_actions", container={"type": "message", "channel_id": "D0X"}, channel={"id": "C0X", "name": "x"},
        message={}, actions=[press], trigger_id=await trigger(desk, token, who),
    )  # fmt: skip
    await desk.settled()
    desk.front._calls.call = real  # type: ignore[method-assign]
    view: Json = seen[-1]["view"]
    return view
