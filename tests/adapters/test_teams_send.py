"""Sending on Teams: what is retried, what is given up, what may have arrived; one token, one session, our own pace."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.teams.cloud import GCC, GOVERNMENT, PUBLIC, emulated, service_url
from adapters.teams.connector import PublicOnly
from adapters.teams.pace import Pace
from adapters.teams.send import HELD_SECONDS
from bot.errors import DeliveryFailed
from bot.messages import Message, Plain, Text
from scheduler.ports import Parcel
from tests.adapters.teams_world import World, direct, world
from tests.faults.teams_platform import Fault


@pytest.fixture
async def teams(tmp_path):
    async with world(tmp_path) as made:
        await made.say("help")
        yield made


def parcel(**changes) -> Parcel:
    given = {
        "delivery": 1,
        "workspace": "teams-11111111-2222-4333-8444-555555555555",
        "address": direct("ana"),
        "thread": None,
        "update_of": None,
        "message": Message("hello", (Text((Plain("hello"),)),)),
        "member": None,
        "at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    return Parcel(**{**given, **changes})


HELD = ("token refused", False, False)
REFUSED_SECRET = ("token refused: credentials refused", True, True)


async def failures(teams: World, count: int) -> list[tuple[str, bool, bool]]:
    """What becomes of so many messages, one after the other: the reason, whether it ends there, whether Teams was called."""
    found = []
    for _ in range(count):
        with pytest.raises(DeliveryFailed) as caught:
            await teams.front.messenger.send(parcel())
        assert not caught.value.ambiguous
        found.append((caught.value.reason, caught.value.permanent, caught.value.called))
    return found


OUTCOMES: list[tuple[Fault, dict[str, Any]]] = [
    (Fault(status=429, headers={"Retry-After": "7"}), {"retry_after": 7.0}),
    (Fault(status=429, headers={"Retry-After": "86400"}), {"retry_after": 900.0}),
    (Fault(status=412), {}),
    (Fault(status=500), {"ambiguous": True}),
    (Fault(status=502), {"ambiguous": True}),
    (Fault(status=504), {"ambiguous": True}),
    (Fault(lose=True), {"ambiguous": True}),
    (Fault(body=b"not json"), {"ambiguous": True}),
    (Fault(body=b"{}"), {"ambiguous": True}),
    (Fault(status=403, code="MessageWritesBlocked"), {"permanent": True}),
    (Fault(status=403, code="BotNotInConversationRoster"), {"permanent": True}),
    (Fault(status=404, code="ConversationNotFound"), {"permanent": True}),
    (Fault(status=400, code="BadArgument"), {"permanent": True}),
    (Fault(status=307, headers={"Location": "http://127.0.0.1:1/x"}), {"permanent": True}),
]


async def test_every_outcome_says_what_is_known(teams: World):
    for fault, expected in OUTCOMES:
        teams.platform.faults.append(fault)
        with pytest.raises(DeliveryFailed) as caught:
            await teams.front.messenger.send(parcel())
        failed = caught.value
        assert failed.ambiguous == expected.get("ambiguous", False), fault
        assert failed.permanent == expected.get("permanent", False), fault
        if "retry_after" in expected:
            assert failed.retry_after == expected["retry_after"]
        if fault.code != "ServiceError":
            assert fault.code in failed.reason
        assert "sentence" not in failed.reason
        _forget_pace(teams)


def _forget_pace(teams: World) -> None:
    pace = teams.front._voice._connector._pace
    pace._lane = 0.0
    pace._conversations.clear()


async def test_an_update_that_may_have_arrived_is_only_done_again(teams: World):
    teams.platform.faults.append(Fault(status=502))
    with pytest.raises(DeliveryFailed) as caught:
        await teams.front.messenger.send(parcel(update_of="m1"))
    assert (caught.value.ambiguous, caught.value.permanent) == (False, False)
    teams.platform.faults.append(Fault(lose=True))
    assert await teams.front.messenger.send(parcel(update_of="m1")) == "m1"


async def test_a_withdrawn_token_is_fetched_again_once(teams: World):
    before = teams.platform.token_fetches
    teams.platform.faults.append(Fault(status=401))
    assert await teams.front.messenger.send(parcel())
    assert teams.platform.token_fetches == before + 1


async def test_many_callers_fetch_one_token(teams: World):
    teams.front._tokens._token = None
    before = teams.platform.token_fetches
    await asyncio.gather(*(teams.front._tokens.get() for _ in range(40)))
    assert teams.platform.token_fetches == before + 1


async def test_a_refused_secret_ends_one_message_and_the_others_wait(teams: World):
    teams.front._tokens._token = None
    teams.platform.token_faults.append(Fault(status=401))
    before = teams.platform.token_fetches
    assert await failures(teams, 3) == [REFUSED_SECRET, *[HELD] * 2]
    assert teams.platform.token_fetches == before + 1


async def test_a_token_refused_twice_holds_the_lane_until_it_is_taken(teams: World):
    now = 0.0
    teams.front.messenger._clock = lambda: now
    calls = len(teams.platform.posted)
    teams.platform.faults.extend(Fault(status=401) for _ in range(4))
    refused = ("token refused: 401 ServiceError", True, True)
    assert await failures(teams, 4) == [refused, *[HELD] * 3]
    assert len(teams.platform.faults) == 2  # one message called, and it called twice
    now = HELD_SECONDS
    assert await failures(teams, 2) == [HELD] * 2  # one of them has tried, and costs no attempt
    assert not teams.platform.faults
    assert len(teams.platform.posted) == calls
    now *= 2
    assert await teams.front.messenger.send(parcel())
    assert await teams.front.messenger.send(parcel())
    teams.platform.faults.extend(Fault(status=401) for _ in range(2))
    assert await failures(teams, 1) == [refused]  # a new incident is told of again


async def test_of_many_on_their_way_one_ends_by_a_refused_token(teams: World, unpaced: None):
    teams.platform.faults.extend(Fault(status=401) for _ in range(40))
    found = await asyncio.gather(*(failures(teams, 1) for _ in range(6)))
    assert sorted(permanent for ((_, permanent, _called),) in found) == [False] * 5 + [True]


async def test_nobody_answers_there(teams: World):
    await teams.platform.stop()
    teams.front._tokens._until = float("inf")
    await asyncio.sleep(0.05)
    with pytest.raises(DeliveryFailed) as caught:
        await teams.front.messenger.send(parcel())
    assert not caught.value.permanent


async def test_an_address_never_seen_and_a_workspace_not_served(teams: World):
    for wrong in (
        parcel(address="a:nobody"),
        parcel(address=""),
        parcel(workspace="x"),
        parcel(address="", member="x"),
    ):
        with pytest.raises(DeliveryFailed) as caught:
            await teams.front.messenger.send(wrong)
        assert caught.value.permanent


async def test_channels_take_threads_replies_and_updates(teams: World):
    await teams.send(teams.activity("added_team"))
    await teams.settle()
    channel = "19:general@thread.tacv2"
    root = await teams.front.messenger.send(parcel(address=channel))
    assert teams.platform.created[-1]["channelData"] == {"channel": {"id": channel}}
    assert teams.platform.created[-1]["isGroup"] is True
    await teams.front.messenger.send(parcel(address=channel, thread=root))
    assert teams.platform.posted[-1].conversation == f"{channel};messageid={root}"
    await teams.front.messenger.send(parcel(address=channel, update_of=root))
    last = teams.platform.posted[-1]
    assert (last.method, last.conversation, last.id) == ("PUT", f"{channel};messageid={root}", root)


async def test_a_lesson_whose_reply_was_lost_comes_again_and_counts_once(teams: World):
    await teams.press({"action": "settings.quick", "value": ""})
    teams.platform.faults.append(Fault(lose=True))
    await teams.move(hours=2)
    await teams.settle()
    lessons = [one for one in teams.platform.messages(direct("ana")) if "lessons.answer" in json.dumps(one)]
    assert len(lessons) == 2
    assert lessons[0]["attachments"] == lessons[1]["attachments"]


# ---- where our token may go

GOOD = ["https://smba.trafficmanager.net/emea/", "https://smba.trafficmanager.net/teams", "https://x.botframework.com"]
BAD = [
    "http://smba.trafficmanager.net/emea/",
    "https://smba.trafficmanager.net.evil.example/",
    "https://evilsmba.trafficmanager.net/",
    "https://evil.example/smba.trafficmanager.net",
    "https://user@smba.trafficmanager.net/",
    "https://smba.trafficmanager.net@evil.example/",
    "https://smba.trafficmanager.net:8443/",
    "https://smba.trafficmanager.net:443/",
    "https://SMBA.trafficmanager.net/",
    "https://smba.trafficmanager.net/../x",
    "https://smba.trafficmanager.net//x",
    "https://smba.trafficmanager.net/?x=1",
    "https://smba.trafficmanager.net/#x",
    "https://smba.trafficmanager.net\\@evil.example/",
    "https://smba.trafficmanager.net/%2e%2e/",
    "https://smba.trafficmanager.net/\r\nX: y",
    "https://botframework.com/",
    "https://evilbotframework.com/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://smba.trafficmanag\u0435r.net/",
    "https:///x",
    "https://[bad",
    "ftp://smba.trafficmanager.net/",
    "",
    None,
    5,
    "https://smba.trafficmanager.net/" + "x" * 400,
]


def test_service_addresses():
    assert [url for url in GOOD if service_url(url, PUBLIC) is None] == []
    assert [url for url in BAD if service_url(url, PUBLIC) is not None] == []
    assert service_url("https://smba.infra.gcc.teams.microsoft.com/gcc/", GCC)
    assert service_url("https://smba.infra.gov.teams.microsoft.us/gcch", GOVERNMENT)
    assert service_url("https://smba.trafficmanager.net/emea/", GOVERNMENT) is None
    local = emulated("http://127.0.0.1:3978")
    assert service_url("http://localhost:1234/x", local)
    assert service_url("https://smba.trafficmanager.net/emea/", local) is None
    with pytest.raises(ValueError, match="loopback"):
        emulated("http://example.com")


async def test_a_name_that_leads_to_a_private_address_is_refused():
    class Names:
        def __init__(self, *hosts: str) -> None:
            self.hosts = hosts

        async def resolve(self, host, port=0, family=0):
            return [
                {"host": one, "port": port, "hostname": host, "family": 0, "proto": 0, "flags": 0} for one in self.hosts
            ]

    for private in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fe80::1%eth0", "fd00::1"):
        with pytest.raises(OSError, match="public"):
            await PublicOnly(Names(private)).resolve("x")  # type: ignore[arg-type]
    mixed = await PublicOnly(Names("10.0.0.1", "52.112.0.1")).resolve("x")  # type: ignore[arg-type]
    assert [one["host"] for one in mixed] == ["52.112.0.1"]


# ---- our own pace


async def test_a_conversation_gets_at_most_seven_in_a_second_and_is_told_when_to_come_back():
    now = [100.0]
    pace = Pace(lambda: now[0])
    for _ in range(6):
        await pace.wait("a")
    with pytest.raises(DeliveryFailed) as caught:
        await pace.wait("a", patience=1.0)
    assert caught.value.retry_after is not None
    assert not caught.value.ambiguous
    await pace.wait("b")
    assert pace.room() > 90
    pace.hold(30.0)
    assert pace.room() == 0
    with pytest.raises(DeliveryFailed):
        await pace.wait("c")
    now[0] += 30.0
    assert 90 <= pace.room() <= 100
