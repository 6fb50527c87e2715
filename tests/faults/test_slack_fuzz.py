"""Noise at Slack's door: forged, stale, torn and repeated requests; no handler without proof, no 5xx, one effect each."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from adapters.slack.guard import Guard, Reply
from tests.adapters.slack_desk import open_desk
from tests.adapters.test_slack_read import EXPECTED, OTHER, payload
from tests.faults.slack_platform import SECRET, TEAM, encoded, signed

Json = dict[str, Any]


def _torn(chance: random.Random, body: bytes) -> bytes:
    """A body with a few bytes changed, doubled or lost."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(3):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case _:
                data[at:at] = data[at : at + chance.randint(1, 40)]
    return bytes(data)


def _headers(chance: random.Random, body: bytes) -> tuple[dict[str, str], bool]:
    """Headers, and whether they prove the body."""
    match chance.randrange(6):
        case 0:
            return signed(body, secret="0" * 32), False
        case 1:
            return signed(body, at=time.time() - chance.choice([302, 4_000, -400])), False
        case 2:
            return signed(body + b" "), False
        case 3:
            return {}, False
        case _:
            return signed(body), True


async def test_noise_at_the_door(tmp_path, rounds: Callable[[int, int], int], figures: Callable[..., None]) -> None:
    chance = random.Random(7)
    whole = [payload(name) for name in {**EXPECTED, **OTHER}]
    total = rounds(600, 20_000)
    seen: Counter[str] = Counter()
    async with open_desk(tmp_path) as desk:
        receive, unproved = desk.front._turns.receive, 0

        async def taken(found: Json, proof: str) -> Reply:
            nonlocal unproved
            unproved += not proved
            return await receive(found, proof)

        guard = desk.front._guard
        assert isinstance(guard, Guard)
        guard._take = taken
        assert guard._secret == SECRET.encode()
        for _ in range(total):
            body, kind = encoded(_here(chance.choice(whole)))
            if chance.random() < 0.7:
                body = _torn(chance, body)
            headers, proved = _headers(chance, body)
            response = await desk.http.post("/slack/events", content=body, headers={"content-type": kind, **headers})
            seen[f"{response.status_code // 100}xx"] += 1
        await desk.settled()
    figures(requests=total, unproved=unproved, server_errors=seen["5xx"], taken=seen["2xx"], refused=seen["4xx"])
    assert unproved == 0
    assert seen["5xx"] == 0
    assert seen["2xx"] > 0


def _here(found: Json) -> Json:
    """The same payload from the workspace that is served."""
    text = json.dumps(found)
    for team in ("T0001", "T123ABC456", "T9TK3CUKW"):
        text = text.replace(team, TEAM)
    # Nobody takes the app away in the middle of the noise.
    made: Json = json.loads(
        text.replace("app_uninstalled", "app_rate_limited").replace("tokens_revoked", "emoji_changed")
    )
    return made
