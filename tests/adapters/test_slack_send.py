"""Sending to Slack when things go wrong: how each failure ends, at first and at later attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from adapters.slack import app as slack_app
from adapters.slack import send as slack_send
from adapters.slack.calls import Calls, TokenRefused
from adapters.slack.files import Files
from adapters.slack.pace import Pace
from bot.domain.deliveries import Outgoing
from bot.errors import DeliveryFailed
from bot.messages import Chart, File, Mention, Message, Plain, Series, Table, Text
from bot.router import Composed, Kind, OnUnknown
from scheduler.ports import Parcel
from tests.adapters.slack_desk import START, TENANT, Desk, direct, member_of, open_desk
from tests.contracts import block_kit
from tests.faults.slack_platform import Fault

LENA = "U0LENA"
HOME = direct(LENA)
CHART = Chart("bar", "Answers", ("A", "B"), (Series("Share", (1.0, 2.0)),), "A 1, B 2.")
TABLE = Table(("Term", "Uses"), (("drift", "12"),))


class Unpaced(Pace):
    """Sends as fast as it can, until ``refuses`` says otherwise."""

    refuses = False

    async def wait(self, conversation: str) -> None:
        if self.refuses:
            raise DeliveryFailed("our own pace", retry_after=5.0, called=False)

    def room(self) -> int:
        return 100


@pytest.fixture
async def desk(tmp_path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(slack_app, "Calls", partial(Calls, seconds=0.3))
    monkeypatch.setattr(slack_send, "Pace", Unpaced)
    async with open_desk(tmp_path) as made:
        await made.event({"type": "team_join", "user": {"id": LENA, "name": "lena", "tz": "Europe/Berlin"}})
        await made.tick()
        made.platform.messages.clear()
        made.platform.calls.clear()
        made.system.app.table.kinds["note"] = _kind()  # type: ignore[index]
        yield made


NOTE = Message("A note", (Text((Plain("A note."),)),))


def _kind(message: Message = NOTE) -> Kind:
    return Kind(
        name="note",
        compose=lambda _work, deliveries: {one.id: Composed(message) for one in deliveries},
        on_unknown=OnUnknown.RESEND,
    )


def plan(desk: Desk, *, period: str = "1", message: Message | None = None) -> None:
    if message is not None:
        desk.system.app.table.kinds["note"] = _kind(message)  # type: ignore[index]
    member = member_of(desk, workspace(desk), LENA)
    new = Outgoing(kind="note", subject=member, period=period, member=member)
    desk.system.store.write(TENANT, lambda parts: parts.ledger.put([new], desk.clock.now)).result()


def workspace(desk: Desk) -> str:
    return str(sql(desk, "SELECT id FROM workspace")[0].id)


def sql(desk: Desk, statement: str) -> list[Any]:
    with desk.system.store.engine.begin() as conn:
        found = conn.execute(text(statement))
        return list(found) if found.returns_rows else []


def state(desk: Desk, period: str = "1") -> tuple[str, str | None]:
    [row] = sql(desk, f"SELECT state, reason FROM delivery WHERE kind = 'note' AND period = '{period}'")
    return row.state, row.reason


async def drain(desk: Desk, rounds: int = 1) -> None:
    """Drain, and let what is held for a while come due at once."""
    for _ in range(rounds):
        sql(desk, "UPDATE delivery SET not_before = 0")
        await desk.system.drainer.drain()


GONE = Fault(status=503)
LATER = pytest.mark.parametrize("before", [(), (GONE, GONE)], ids=["first", "third"])
PASSING = {
    "429": Fault(status=429, headers={"Retry-After": "7"}, error="ratelimited"),
    "429 without words": Fault(status=429, headers={"Retry-After": "soon"}),
    "ratelimited in a 200": Fault(error="ratelimited"),
    "503": Fault(status=503),
    "502": Fault(status=502),
    "500 and it arrived": Fault(status=500, arrives=True),
    "slow": Fault(slow=0.5),
    "slow and it arrived": Fault(slow=0.5, arrives=True),
    "answer lost": Fault(lost=True),
    "answer garbled": Fault(garbled=True),
    "internal_error": Fault(error="internal_error"),
    "fatal_error and it arrived": Fault(error="fatal_error", arrives=True),
    "request_timeout": Fault(error="request_timeout"),
}


@LATER
@pytest.mark.parametrize("name", PASSING)
async def test_what_passes_ends_with_one_message(desk: Desk, name: str, before: tuple[Fault, ...]) -> None:
    plan(desk)
    desk.platform.fail("chat.postMessage", *before, PASSING[name])
    await drain(desk, rounds=6)
    assert state(desk) == ("sent", None)
    assert len(desk.platform.standing(HOME)) == 1


PERMANENT = [
    "channel_not_found",
    "is_archived",
    "msg_too_long",
    "invalid_blocks",
    "user_not_found",
    "cannot_dm_bot",
    "restricted_action",
    "some_error_of_next_year",
]


@LATER
@pytest.mark.parametrize("error", PERMANENT)
async def test_what_never_succeeds_is_parked_at_once(desk: Desk, error: str, before: tuple[Fault, ...]) -> None:
    plan(desk)
    plan(desk, period="2")
    desk.platform.fail("chat.postMessage", *before, *([Fault(error=error)] if not before else []))
    if before:
        desk.platform.fail("chat.postMessage", Fault(error=error))
    await drain(desk, rounds=6)
    states = sorted([state(desk), state(desk, "2")])
    said = f"place gone: {error}" if error in {"channel_not_found", "is_archived"} else error
    assert states == [("dead", said), ("sent", None)]
    assert len(desk.platform.standing(HOME)) == 1


@LATER
@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked"])
async def test_a_refused_token_silences_the_lane_and_is_told_once(
    desk: Desk, error: str, before: tuple[Fault, ...], caplog: pytest.LogCaptureFixture
) -> None:
    plan(desk)
    desk.platform.fail("chat.postMessage", *before, Fault(error=error))
    await drain(desk, rounds=5)
    assert state(desk) == ("dead", f"token refused: {error}")
    for at in range(2, 5):
        plan(desk, period=str(at))
    called = len(desk.platform.made("chat.postMessage"))
    await drain(desk, rounds=3)
    assert len(desk.platform.made("chat.postMessage")) == called
    waiting = sql(desk, "SELECT state, attempts FROM delivery WHERE kind = 'note' AND period <> '1'")
    assert [(row.state, row.attempts) for row in waiting] == [("ready", 0)] * 3
    assert caplog.text.count("refuses the token") == 1
    assert "xoxb" not in caplog.text


async def test_a_chart_that_is_refused_is_sent_in_words(desk: Desk) -> None:
    plan(desk, message=Message("Figures", (CHART, TABLE)))
    desk.platform.fail("chat.postMessage", Fault(error="invalid_blocks"))
    await drain(desk)
    [message] = desk.platform.standing(HOME)
    assert state(desk) == ("sent", None)
    assert {block["type"] for block in message["blocks"]} == {"rich_text"}
    block_kit.check({"text": message["text"], "blocks": message["blocks"]})


async def test_no_connection_is_not_an_unknown_outcome(desk: Desk) -> None:
    plan(desk)
    desk.front._calls.client.base_url = "http://127.0.0.1:9/api/"
    await drain(desk)
    assert state(desk) == ("ready", "no connection")


async def test_retry_after_is_kept_with_jitter_and_a_cap(desk: Desk) -> None:
    for given, least, most in (("7", 7, 8.5), ("86400", 900, 1100), ("0", 1, 1.3), ("x", 30, 37)):
        desk.platform.fail("chat.postMessage", Fault(status=429, headers={"Retry-After": given}))
        with pytest.raises(DeliveryFailed) as caught:
            await desk.front.messenger.send(parcel(desk))
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most


async def test_an_update_replaces_and_a_reply_goes_into_the_thread(desk: Desk) -> None:
    first = await desk.front.messenger.send(parcel(desk))
    assert await desk.front.messenger.send(parcel(desk, update_of=first, words="Changed")) == first
    reply = await desk.front.messenger.send(parcel(desk, thread=first, delivery=42))
    [root, below] = desk.platform.standing(HOME)
    assert root["text"] == "Changed"
    assert (below["ts"], below["thread_ts"]) == (reply, first)
    known = desk.system.store.write(TENANT, lambda parts: parts.ledger.sent_to("x", [])).result()
    assert known == []


async def test_an_update_of_a_message_that_is_gone_is_parked(desk: Desk) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await desk.front.messenger.send(parcel(desk, update_of="1.000"))
    assert caught.value.permanent


async def test_a_person_is_mentioned_by_their_slack_id(desk: Desk) -> None:
    member = member_of(desk, workspace(desk), LENA)
    message = Message("Hello", (Text((Mention(member, "Lena"), Mention("nobody", "Somebody"))),))
    await desk.front.messenger.send(parcel(desk, message=message))
    [sent] = desk.platform.standing(HOME)
    [user, words] = sent["blocks"][0]["elements"][0]["elements"]
    assert user == {"type": "user", "user_id": LENA}
    assert words["text"] == "@Somebody"


async def test_a_file_is_uploaded_into_the_thread_and_its_failure_sends_nothing_twice(desk: Desk) -> None:
    message = Message("Figures", (Text((Plain("Figures."),)), File("team.csv", "text/csv", b"a,b\n1,2\n")))
    plan(desk, message=message)
    await drain(desk)
    [sent] = desk.platform.standing(HOME)
    assert list(desk.platform.files.values()) == [b"a,b\n1,2\n"]
    [done] = desk.platform.made("files.completeUploadExternal")
    assert (done["channel_id"], done["thread_ts"]) == (HOME, sent["ts"])
    desk.platform.fail("files.getUploadURLExternal", Fault(error="missing_scope"))
    plan(desk, period="2", message=message)
    await drain(desk, rounds=3)
    assert state(desk, "2") == ("sent", None)
    assert len(desk.platform.standing(HOME)) == 2


FILE = Message("Figures", (Text((Plain("Figures."),)), File("team.csv", "text/csv", b"a,b\n1,2\n")))


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("chat.postMessage", Fault(lost=True)),
        ("files.getUploadURLExternal", Fault(status=503)),
        ("files.completeUploadExternal", Fault(status=429, headers={"Retry-After": "1"})),
        ("files.completeUploadExternal", Fault(lost=True)),
    ],
    ids=["message lost", "no address for it", "not yet", "file there, answer lost"],
)
async def test_a_message_and_its_file_are_there_once_whatever_was_lost(desk: Desk, method: str, fault: Fault) -> None:
    plan(desk, message=FILE)
    desk.platform.fail(method, fault)
    await drain(desk, rounds=4)
    assert state(desk) == ("sent", None)
    [sent] = desk.platform.standing(HOME)
    assert [one["thread_ts"] for one in desk.platform.shared[HOME]] == [sent["ts"]]


async def test_without_the_look_into_the_thread_the_file_would_be_there_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def all_of_them(_files: Files, *_where: Any) -> list[tuple[str, bytes]]:
        return [("team.csv", b"a,b\n1,2\n")]

    monkeypatch.setattr(Files, "missing", all_of_them)
    plan(desk, message=FILE)
    desk.platform.fail("files.completeUploadExternal", Fault(lost=True))
    await drain(desk, rounds=4)
    assert len(desk.platform.shared[HOME]) == 2


async def test_a_lost_reply_in_a_thread_is_found_there(desk: Desk) -> None:
    """conversations.history does not show replies."""
    root = await desk.front.messenger.send(parcel(desk))
    plan(desk)
    [row] = sql(desk, "SELECT id FROM delivery WHERE kind = 'note'")
    await desk.front.messenger.send(parcel(desk, thread=root, delivery=row.id))
    delivery = desk.system.store.read(TENANT, lambda parts: parts.ledger.get(row.id)).result()
    assert delivery is not None
    inside = msgspec.structs.replace(delivery, thread=root)
    assert await desk.front.messenger.look_up(inside) == desk.platform.standing(HOME)[-1]["ts"]
    assert await desk.front.messenger.look_up(delivery) is None


async def test_opening_the_conversation_may_fail_and_be_tried_again(desk: Desk) -> None:
    sql(desk, "UPDATE account SET address = ''")
    plan(desk)
    desk.platform.fail("conversations.open", Fault(status=503), Fault(lost=True))
    await drain(desk, rounds=4)
    assert state(desk) == ("sent", None)
    assert len(desk.platform.standing(HOME)) == 1


async def test_the_token_is_not_used_after_the_workspace_has_gone(desk: Desk) -> None:
    await desk.event({"type": "app_uninstalled"})
    await desk.settled()
    with pytest.raises(DeliveryFailed) as caught:
        await desk.front.messenger.send(parcel(desk))
    assert caught.value.reason == "not installed"
    assert not isinstance(caught.value, TokenRefused)


def parcel(
    desk: Desk,
    *,
    update_of: str | None = None,
    thread: str | None = None,
    delivery: int = 41,
    words: str = "A note",
    message: Message | None = None,
) -> Parcel:
    [row] = sql(desk, "SELECT id FROM workspace")
    return Parcel(
        delivery=delivery,
        workspace=row.id,
        address=HOME,
        thread=thread,
        update_of=update_of,
        message=message or Message(words, (Text((Plain(words),)),)),
        member=None,
        at=START,
    )


# ---- pace


async def test_our_own_pace_costs_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wave of a thousand messages waits its turn, however often it is told to come back."""
    plan(desk)
    with monkeypatch.context() as patch:
        patch.setattr(Unpaced, "refuses", True)
        await drain(desk, rounds=12)
    [row] = sql(desk, "SELECT state, attempts FROM delivery WHERE kind = 'note'")
    assert (row.state, row.attempts) == ("ready", 0)
    await drain(desk)
    assert state(desk) == ("sent", None)


class Hand:
    """A clock moved by hand; sleeping moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("adapters.slack.pace.asyncio.sleep", self._sleep)

    def __call__(self) -> float:
        return self.now

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_a_conversation_gets_a_burst_and_then_one_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(monkeypatch)
    pace = Pace(hand)
    for _ in range(13):
        await pace.wait("D1")
    assert 9 <= hand.now - 100 <= 11


async def test_a_workspace_gets_three_hundred_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(monkeypatch)
    pace = Pace(hand)
    sent = 0
    while hand.now < 160:
        try:
            await pace.wait(f"D{sent}")
            sent += 1
        except DeliveryFailed as failed:
            hand.now += failed.retry_after or 0
    assert 290 <= sent <= 330


async def test_what_there_is_room_for_gets_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(monkeypatch)
    pace = Pace(hand)
    sent = 0
    for _ in range(16):  # rounds: as many as there is room for, each after the one before
        for _ in range(pace.room()):
            await pace.wait(f"D{sent}")
            sent += 1
    minutes = (hand.now - 100) / 60
    assert 290 <= sent / minutes <= 340
    pace.hold(30)
    assert pace.room() == 0
    hand.now += 29
    assert 0 < pace.room() < 30  # slower than before


async def test_what_slack_asks_for_holds_the_whole_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(monkeypatch)
    pace = Pace(hand)
    await pace.wait("D1")
    pace.hold(30)
    with pytest.raises(DeliveryFailed) as caught:
        await pace.wait("D2")
    assert caught.value.retry_after is not None
    assert 29 <= caught.value.retry_after <= 31
    hand.now += 30
    await pace.wait("D2")
