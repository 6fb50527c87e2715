"""What happens before Slack has its answer: no call, at most one transaction, none for a look-up; and what if it is busy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import select

from bot.ports.glossary import OwnTerm
from storage.people import account
from storage.tenancy import workspaces
from tests.adapters.slack_desk import START, TENANT, Desk, direct, member_of, open_desk
from tests.faults.slack_platform import TEAM, encoded, signed

LENA = "U0LENA"
Json = dict[str, Any]


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        await made.slash(LENA, "help")  # met, and in memory
        await made.settled()
        yield made


class Order:
    """What happened, in order: transactions, calls, and the answer."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._desk = desk
        executor = desk.system.store._executor
        for name in ("write", "read"):
            self._watch(monkeypatch, executor, name, name)
        for name in ("call", "form", "respond", "upload"):
            self._watch(monkeypatch, desk.front._calls, name, "network")

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, what: str) -> None:
        real = getattr(owner, name)

        def watched(*args: Any, **more: Any) -> Any:
            self.seen.append(what)
            return real(*args, **more)

        monkeypatch.setattr(owner, name, watched)

    async def before_the_answer(self, payload: Json) -> list[str]:
        self.seen.clear()
        body, kind = encoded(payload)
        headers = {"content-type": kind, **signed(body)}

        async def receive() -> Json:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                self.seen.append("answer")

        scope = {
            "type": "http",
            "method": "POST",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        guard = self._desk.front._guard
        assert guard is not None
        await guard(scope, receive, send)
        await self._desk.settled()
        return self.seen[: self.seen.index("answer")]


@pytest.fixture
def order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Order:
    return Order(desk, monkeypatch)


def slash(desk: Desk, text: str, user: str = LENA) -> Json:
    return {
        "command": "/mlops",
        "text": text,
        "user_id": user,
        "user_name": "lena",
        "team_id": TEAM,
        "channel_id": "C0ML",
        "channel_name": "ml",
        "trigger_id": desk.trigger(),
        "response_url": desk.platform.response_url(),
    }


def event(desk: Desk, what: Json) -> Json:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": f"Ev{desk.trigger()}",
        "event_time": 1,
        "event": what,
    }


def workspace_of(desk: Desk) -> str:
    return desk.system.store.look(workspaces).result()[0].id


def press(desk: Desk, action: str) -> Json:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": LENA, "team_id": TEAM},
        "trigger_id": desk.trigger(),
        "container": {"type": "message", "channel_id": direct(LENA)},
        "channel": {"id": direct(LENA)},
        "response_url": desk.platform.response_url(),
        "actions": [{"type": "button", "action_id": f"{action}#1", "value": ""}],
    }


@pytest.mark.parametrize(
    "text",
    ["help", "define drift", "define drfit", "define nothing of the kind", "terms", "find drift", "suggest", "what?"],
)
async def test_a_look_up_touches_neither_store_nor_network(desk: Desk, order: Order, text: str) -> None:
    assert await order.before_the_answer(slash(desk, text)) == []


@pytest.mark.parametrize("text", ["settings", "today", "pause", "stop", "hours", "bookings", "progress"])
async def test_what_is_read_or_written_takes_one_transaction(desk: Desk, order: Order, text: str) -> None:
    assert await order.before_the_answer(slash(desk, text)) in (["read"], ["write"])


async def test_the_companys_own_entries_are_read_once_after_a_change(desk: Desk, order: Order) -> None:
    entry = OwnTerm(id="own:golden set", term="Golden set", short="Checked cases.")
    desk.system.store.write(TENANT, lambda parts: parts.glossary.keep_own(entry, "ann", START)).result()
    assert await order.before_the_answer(slash(desk, "define golden sets")) == ["read"]
    for text in ("define golden sets", "define goldne set", "terms own", "find checked", "define nothing of the kind"):
        assert await order.before_the_answer(slash(desk, text)) == []
    desk.system.store.on_terms = lambda _tenant: None  # as if another process had changed it
    desk.system.store.write(TENANT, lambda parts: parts.glossary.keep_own(entry, "ann", START)).result()
    assert await order.before_the_answer(slash(desk, "define golden set")) == []
    await desk.system.housekeeping.run(START)
    own = desk.system.app.catalogs.own(TENANT)
    assert own is not None
    assert own.entries[entry.id].rev == 2
    assert await order.before_the_answer(slash(desk, "define golden set")) == []


async def test_somebody_new_takes_one_transaction(desk: Desk, order: Order) -> None:
    assert await order.before_the_answer(slash(desk, "help", user="U0NEW")) == ["write"]


@pytest.mark.parametrize("text", ["define drift", "settings"])
async def test_somebody_quiet_for_a_while_is_read_and_not_written(
    desk: Desk, order: Order, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.tenancy.FRESH_SECONDS", 0.0)
    assert await order.before_the_answer(slash(desk, text)) == ["read"]


async def test_somebody_who_is_gone_is_met_again_by_a_look_up(
    desk: Desk, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = member_of(desk, workspace_of(desk), LENA)
    desk.system.store.write(TENANT, lambda parts: parts.people.leave(member, START)).result()
    monkeypatch.setattr("storage.tenancy.FRESH_SECONDS", 0.0)
    assert await order.before_the_answer(slash(desk, "define drift")) == ["read", "write"]
    assert member_of(desk, workspace_of(desk), LENA) == member


async def test_a_look_up_in_a_new_conversation_makes_it_the_one_we_write_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.tenancy.FRESH_SECONDS", 0.0)
    said = {"type": "message", "channel_type": "im", "channel": "D0NEW", "user": LENA, "text": "define drift"}
    assert (await desk.post(event(desk, said))).status_code == 200
    await desk.slash(LENA, "define drift", channel="D0ANOTHER")  # with a colleague: not ours to write to
    [address] = desk.system.store.look(
        lambda conn: conn.execute(select(account.c.address).where(account.c.external == LENA)).scalars().all()
    ).result()
    assert address == "D0NEW"


async def test_events_and_presses_take_one_at_most(desk: Desk, order: Order) -> None:
    said = {"type": "message", "channel_type": "im", "channel": direct(LENA), "user": LENA, "text": "pause"}
    opened = {"type": "app_home_opened", "user": LENA, "tab": "home"}
    for payload in (
        event(desk, said),
        event(desk, opened),
        event(desk, {"type": "app_home_opened", "user": "U0THIRD", "tab": "home"}),
        event(desk, {"type": "team_join", "user": {"id": "U0FOURTH", "name": "four"}}),
        event(desk, {"type": "member_joined_channel", "user": "U0BOT", "channel": "C9"}),
        press(desk, "settings.change"),
        press(desk, "guide.help"),
        event(desk, {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}}),
    ):
        found = await order.before_the_answer(payload)
        assert len(found) <= 1, (payload, found)
        assert "network" not in found


# ---- busy


async def test_a_busy_store_is_said_at_once_and_an_event_comes_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"type": "message", "channel_type": "im", "channel": direct(LENA), "user": LENA, "text": "pause"}
    payload = event(desk, said)
    with monkeypatch.context() as stuck:
        stuck.setattr("adapters.turn.START_SECONDS", 0.1)
        stuck.setattr(desk.system.store._executor, "write", lambda *_args, **_more: Future())  # begins nothing
        answer = await desk.slash(LENA, "pause")
        assert "not saved" in answer["text"]
        assert (await desk.post(payload)).status_code == 503
        assert await desk.interact(LENA, "view_submission", view=_view()) == {
            "response_action": "errors",
            "errors": {"term": "I am busy right now and this was not saved. Please try again in a moment."},
        }
        await asyncio.sleep(0)
    assert (await desk.post(payload)).status_code == 200
    await desk.settled()
    [message] = desk.platform.made("chat.postMessage")
    assert message["channel"] == direct(LENA)
    # The same bytes again have no second effect.
    assert (await desk.post(payload)).status_code == 200
    await desk.settled()
    assert len(desk.platform.made("chat.postMessage")) == 1


def _view() -> Json:
    field = {"type": "input", "block_id": "term", "element": {"type": "plain_text_input", "action_id": "term"}}
    return {
        "id": "V1",
        "type": "modal",
        "callback_id": "glossary.suggest",
        "private_metadata": "",
        "blocks": [field],
        "state": {"values": {"term": {"term": {"type": "plain_text_input", "value": "skew"}}}},
    }
