"""The door of Teams: forged and odd tokens and activities. Only the valid pass, nothing is a 5xx, keys are fetched sparingly."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.teams.app import BODY_LIMIT
from adapters.teams.verify import KEPT_SECONDS, REFRESH_SECONDS, Denied, KeySet, Verifier
from tests.adapters.teams_world import World, settings, world
from tests.faults.teams_platform import APP_ID, ISSUER, TENANT_ID, Fault, TeamsPlatform

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def now() -> int:
    """Read when a token is made: the suite may run for minutes after it was collected."""
    return int(time.time())


@pytest.fixture
async def teams(tmp_path):
    async with world(tmp_path) as made:
        yield made


def public(platform: TeamsPlatform) -> bytes:
    key = platform.keys["key-1"][0].public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def raw(header: dict[str, Any], claims: dict[str, Any] | bytes, signature: bytes = b"x") -> str:
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    parts = (json.dumps(header).encode(), body, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def good(platform: TeamsPlatform) -> dict[str, Any]:
    return {"iss": ISSUER, "aud": APP_ID, "nbf": now() - 10, "exp": now() + 3600, "serviceurl": platform.service}


def hs256(platform: TeamsPlatform, key: bytes) -> str:
    """Signed with the public key as if it were a shared secret; the library refuses to make one, so it is made by hand."""
    import hashlib
    import hmac

    unsigned = raw({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, good(platform)).rpartition(".")[0]
    signature = hmac.new(key, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def signed(platform: TeamsPlatform, algorithm: str) -> str:
    return jwt.encode(good(platform), platform.keys["key-1"][0], algorithm=algorithm, headers={"kid": "key-1"})


def es256(platform: TeamsPlatform) -> str:
    return jwt.encode(good(platform), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "key-1"})


def tampered(platform: TeamsPlatform) -> str:
    head, _, tail = platform.token().split(".")
    body = (
        base64.urlsafe_b64encode(json.dumps({**good(platform), "aud": APP_ID, "x": 1}).encode()).rstrip(b"=").decode()
    )
    return f"{head}.{body}.{tail}"


TOKENS = {
    "alg none": lambda p: raw({"alg": "none", "kid": "key-1"}, good(p), b""),
    "alg None in capitals": lambda p: raw({"alg": "NONE", "kid": "key-1"}, good(p), b""),
    "no alg": lambda p: raw({"kid": "key-1"}, good(p)),
    "alg a list": lambda p: raw({"alg": ["RS256"], "kid": "key-1"}, good(p)),
    "HS256 with the public key": lambda p: hs256(p, public(p)),
    "HS256 with nothing": lambda p: hs256(p, b""),
    "RS384": lambda p: signed(p, "RS384"),
    "RS512": lambda p: signed(p, "RS512"),
    "PS256": lambda p: signed(p, "PS256"),
    "ES256": es256,
    "another key of the same id": lambda p: p.token(key=OTHER_KEY),
    "another key brought along": lambda p: p.token(key=OTHER_KEY, headers={"jwk": {"kty": "RSA"}}),
    "another key's address": lambda p: p.token(key=OTHER_KEY, headers={"jku": "https://evil.example/keys"}),
    "another certificate's address": lambda p: p.token(key=OTHER_KEY, headers={"x5u": "https://evil.example/c"}),
    "critical header": lambda p: p.token(headers={"crit": ["b64"], "b64": True}),
    "unknown kid": lambda p: p.token(kid="key-9", key=OTHER_KEY),
    "kid a number": lambda p: raw({"alg": "RS256", "kid": 1}, good(p)),
    "no kid": lambda p: raw({"alg": "RS256"}, good(p)),
    "kid empty": lambda p: raw({"alg": "RS256", "kid": ""}, good(p)),
    "kid a path": lambda p: p.token(kid="../../etc/passwd", key=OTHER_KEY),
    "issuer missing": lambda p: p.token(iss=None),
    "issuer of another": lambda p: p.token(iss="https://sts.windows.net/x/"),
    "issuer with a slash": lambda p: p.token(iss=ISSUER + "/"),
    "issuer a number": lambda p: raw({"alg": "RS256", "kid": "key-1"}, {**good(p), "iss": 5}),
    "audience missing": lambda p: p.token(aud=None),
    "audience of another": lambda p: p.token(aud="other"),
    "audience empty": lambda p: p.token(aud=""),
    "audience a list with ours": lambda p: p.token(aud=[APP_ID, "other"]),
    "expiry missing": lambda p: p.token(exp=None),
    "expired": lambda p: p.token(exp=now() - 400),
    "expiry words": lambda p: p.token(exp="tomorrow"),
    "expiry true": lambda p: p.token(exp=True),
    "expiry a list": lambda p: p.token(exp=[now() + 100]),
    "expiry words of a number": lambda p: p.token(exp=str(now() + 3600)),
    "not yet": lambda p: p.token(nbf=now() + 400),
    "no beginning": lambda p: p.token(nbf=None),
    "issued in the future": lambda p: p.token(iat=now() + 400),
    "beginning words": lambda p: p.token(nbf="now"),
    "serviceurl missing": lambda p: p.token(serviceurl=None),
    "serviceurl of another": lambda p: p.token(serviceurl="https://smba.trafficmanager.net/emea/"),
    "serviceurl empty": lambda p: p.token(serviceurl=""),
    "serviceurl a list": lambda p: p.token(serviceurl=[p.service]),
    "serviceurl a longer path": lambda p: p.token(serviceurl=p.service + "/x"),
    "claim in another case": lambda p: p.token(serviceurl=None, serviceUrl=p.service),
    "tampered": tampered,
    "signature cut": lambda p: p.token()[:-10],
    "signature empty": lambda p: p.token().rpartition(".")[0] + ".",
    "two parts": lambda p: p.token().rpartition(".")[0],
    "four parts": lambda p: p.token() + ".x",
    "not base64": lambda p: "%%%.%%%.%%%",
    "claims no JSON": lambda p: raw({"alg": "RS256", "kid": "key-1"}, b"not json"),
    "claims a list": lambda p: raw({"alg": "RS256", "kid": "key-1"}, b"[]"),
    "claims deep": lambda p: raw({"alg": "RS256", "kid": "key-1"}, b"[" * 3000),
    "header a list": lambda p: raw([], good(p)),  # type: ignore[arg-type]
    "too long": lambda p: p.token(x="y" * 9000),
    "empty": lambda p: "",
    "one word": lambda p: "token",
}  # fmt: skip


async def test_every_forged_token_is_refused_and_all_together_fetch_the_keys_once(teams: World):
    body = json.dumps(teams.activity("message_personal"))
    statuses = {}
    for name, made in TOKENS.items():
        headers = {"Authorization": f"Bearer {made(teams.platform)}"}
        statuses[name] = (await teams.client.post("/api/messages", content=body, headers=headers)).status_code
    assert len(statuses) >= 55
    assert {name: status for name, status in statuses.items() if status != 401} == {}
    await teams.settle()
    assert not teams.platform.posted
    assert (await teams.send(teams.activity("message_personal"))).status_code == 200
    assert teams.platform.key_fetches == 1


HEADERS: dict[str, list[tuple[str, str]]] = {
    "none": [],
    "basic": [("Authorization", "Basic abc")],
    "two": [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
    "no scheme": [("Authorization", "{token}")],
    "two spaces": [("Authorization", "Bearer  {token}")],
    "empty": [("Authorization", "")],
}


async def test_odd_headers_are_refused(teams: World):
    token = teams.platform.token()
    body = json.dumps(teams.activity("message_personal"))
    for name, lines in HEADERS.items():
        headers = [(key, value.format(token=token)) for key, value in lines]
        response = await teams.client.post("/api/messages", content=body, headers=headers)
        assert response.status_code == 401, name


ACTIVITIES: dict[str, tuple[dict[str, Any] | bytes, int]] = {
    "another channel": ({"channelId": "directline"}, 401),
    "no channel": ({"channelId": None}, 400),
    "another service": ({"serviceUrl": "https://smba.trafficmanager.net/emea/"}, 401),
    "no service": ({"serviceUrl": None}, 400),
    "another tenant": ({"channelData": {"tenant": {"id": "x"}}, "conversation": {"id": "a:1", "tenantId": "x"}}, 403),
    "two tenants": ({"channelData": {"tenant": {"id": "x"}}}, 400),
    "no tenant": ({"channelData": {}, "conversation": {"id": "a:1", "conversationType": "personal"}}, 403),
    "channelData a list": ({"channelData": [], "conversation": {"id": "a:1"}}, 403),
    "no type": ({"type": None}, 400),
    "type a number": ({"type": 7}, 400),
    "another type": ({"type": "trace"}, 200),
    "no id": ({"id": None}, 400),
    "id an object": ({"id": {}}, 400),
    "nobody": ({"from": None}, 400),
    "from a list": ({"from": []}, 400),
    "from without id": ({"from": {"name": "x"}}, 400),
    "id of a person too long": ({"from": {"id": "x" * 300}}, 400),
    "no conversation": ({"conversation": {"tenantId": TENANT_ID}}, 400),
    "conversation too long": ({"conversation": {"id": "a" * 300, "tenantId": TENANT_ID}}, 400),
    "text a number": ({"text": 5}, 400),
    "text missing": ({"text": None}, 200),
    "entities odd": ({"entities": [None, 5, {"type": "mention", "mentioned": 3}, {"type": "clientInfo"}]}, 200),
    "a zone that is none": ({"entities": [{"type": "clientInfo", "timezone": "Mars/Olympus"}]}, 200),
    "locale odd": ({"locale": "en; DROP TABLE"}, 200),
    "recipient missing": ({"recipient": None}, 200),
    "not JSON": (b"{", 400),
    "a list": (b"[]", 400),
    "a number": (b"1", 400),
    "null": (b"null", 400),
    "deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400),
    "not UTF-8": (b'{"type": "\xff"}', 400),
    "NaN": (b'{"type": NaN}', 400),
    "empty": (b"", 400),
    "too large": (b'{"type": "' + b"x" * BODY_LIMIT + b'"}', 413),
}


async def test_odd_activities_are_never_our_fault(teams: World):
    headers = {"Authorization": f"Bearer {teams.platform.token()}"}
    statuses = {}
    for name, (changes, _) in ACTIVITIES.items():
        body = changes if isinstance(changes, bytes) else json.dumps({**teams.activity("message_personal"), **changes})
        statuses[name] = (await teams.client.post("/api/messages", content=body, headers=headers)).status_code
    assert statuses == {name: status for name, (_, status) in ACTIVITIES.items()}


VALUES: list[Any] = [
    None,
    [],
    "x",
    {},
    {"action": None},
    {"action": {"data": []}},
    {"action": {"data": {"action": 5, "value": {}}}},
    {"action": {"data": {"action": "form.submit", "form": 7, "prefix": ["f"], "many": [1, {}]}}},
    {"action": {"data": {"action": "form.submit", "form": "settings.save", "prefix": "f", "f-": {}, "many": "x"}}},
    {"action": {"data": {"action": "lessons.answer", "value": "x" * 5000}}},
    {"action": {"data": {"action": "nobody.knows", "value": "\u0000\u202e"}}},
    {"parameters": [None, {"name": {}}]},
    {"data": {"action": "settings.change"}},
]
INVOKES = ["invoke_card", "invoke_query", "invoke_select", "invoke_search", "invoke_task_fetch", "invoke_task_submit"]


async def test_odd_values_are_answered(teams: World, unpaced: None):
    for name in (*INVOKES, "invoke_file_consent", "invoke_unknown", "message_submit"):
        for value in VALUES:
            response = await teams.send(teams.activity(name, value=value))
            assert response.status_code == 200, (name, value, response.text)


async def test_only_post_is_served(teams: World):
    assert (await teams.client.get("/api/messages")).status_code == 405


async def test_a_length_that_is_none_is_refused(teams: World):
    async def chunks():
        for _ in range(40):
            yield b"x" * 10_000

    headers = {"Authorization": f"Bearer {teams.platform.token()}"}
    assert (await teams.client.post("/api/messages", content=chunks(), headers=headers)).status_code == 413


# ---- keys


async def test_a_rotated_key_is_found_once_five_minutes_have_passed():
    platform, clock, keys = _key_set()
    assert await keys.find("key-1") is not None
    platform.keys["key-2"] = (OTHER_KEY, ["msteams"])
    clock[0] += REFRESH_SECONDS - 1
    assert await keys.find("key-2") is None
    clock[0] += 2
    assert await keys.find("key-2") is not None
    assert platform.key_fetches == 2


@pytest.mark.parametrize(
    "fault", [{"keys": []}, {}, [], None, "x", {"keys": [{"kid": "key-1", "kty": "oct", "k": "AAAA"}]}, RuntimeError()]
)
async def test_a_poisoned_or_failing_key_server_leaves_the_old_keys_for_a_day(fault):
    platform, clock, keys = _key_set()
    assert await keys.find("key-1") is not None
    platform.answers = fault
    clock[0] += KEPT_SECONDS - 10
    assert await keys.find("key-1") is not None
    assert await keys.find("key-7") is None
    clock[0] += 20
    assert await keys.find("key-1") is None
    clock[0] += REFRESH_SECONDS
    platform.answers = _Platform.REAL
    assert await keys.find("key-1") is not None


async def test_many_at_once_fetch_once():
    import asyncio

    platform, _clock, keys = _key_set()
    found = await asyncio.gather(*(keys.find(f"key-{at % 3}") for at in range(50)))
    assert platform.key_fetches == 1
    assert sum(one is not None for one in found) == 17


async def test_a_key_server_that_is_down_is_a_401_and_asked_once(teams: World):
    teams.platform.key_faults.extend(Fault(status=500) for _ in range(9))
    for _ in range(5):
        assert (await teams.send(teams.activity("message_personal"))).status_code == 401
    assert teams.platform.key_fetches == 1


async def test_a_key_server_that_hangs_is_given_up_and_not_asked_again(teams: World, monkeypatch):
    from adapters.teams import verify

    monkeypatch.setattr(verify, "FETCH_SECONDS", 0.02)
    teams.platform.key_faults.append(Fault(delay=0.2))
    statuses = [(await teams.send(teams.activity("message_personal"))).status_code for _ in range(3)]
    assert statuses == [401] * 3
    assert teams.platform.key_fetches == 1


async def test_a_known_key_does_not_wait_for_a_key_server_that_hangs():
    import asyncio

    platform, clock, keys = _key_set()
    assert await keys.find("key-1") is not None
    never = asyncio.Event()

    async def hangs() -> object:
        platform.key_fetches += 1
        await never.wait()
        raise AssertionError

    keys._fetch = hangs
    clock[0] += 2 * 3600
    assert await asyncio.wait_for(keys.find("key-1"), 5) is not None
    await asyncio.sleep(0)
    assert platform.key_fetches == 2
    await keys.close()


async def test_a_key_for_other_channels_is_refused(teams: World):
    private = teams.platform.keys["key-1"][0]
    for endorsements in ([], ["directline"], ["msteams2"]):
        teams.platform.keys[f"k{len(endorsements)}{endorsements}"] = (private, endorsements)
    for kid in list(teams.platform.keys)[1:]:
        assert (
            await teams.send(teams.activity("message_personal"), token=teams.platform.token(kid=kid))
        ).status_code == 401


async def test_a_token_is_remembered_only_until_it_expires():
    platform = TeamsPlatform()
    platform.base = "http://127.0.0.1:1"
    seconds = [float(now())]

    async def fetch() -> object:
        platform.key_fetches += 1
        return {"keys": [platform.jwk("key-1")]}

    from adapters.teams.cloud import emulated

    verifier = Verifier(APP_ID, emulated(platform.base), KeySet(fetch), lambda: seconds[0])
    token = platform.token(exp=now() - 100)  # inside the skew
    assert await verifier.verify([f"Bearer {token}"]) == platform.service
    assert not [one for one in verifier._good.values() if one[0] > seconds[0]]
    with pytest.raises(ValueError, match="app id"):
        Verifier("", emulated(platform.base), KeySet(fetch))
    with pytest.raises(Denied):
        await verifier.verify([])


async def test_without_an_app_id_nothing_starts():
    from adapters.teams.required import Incomplete, required

    for missing in ("teams_app_id", "teams_app_secret", "teams_tenant_id"):
        for nothing in (None, "", " "):
            with pytest.raises(Incomplete, match=missing.upper()):
                required(settings(**{missing: nothing}))


async def test_only_an_emulator_on_loopback_may_go_without_tokens(tmp_path):
    from adapters.teams.app import Door
    from adapters.teams.cloud import CLOUDS, emulated

    async def never(*_: Any) -> None:
        raise AssertionError

    for cloud in CLOUDS.values():
        with pytest.raises(ValueError, match="loopback"):
            Door(cloud=cloud, verifier=None, tenants={}, turn=never, key=b"")
    async with world(tmp_path) as teams:
        door = teams.front._door
        door._verifier = None
        door._cloud = emulated(teams.platform.base)
        activity = teams.activity("message_personal")
        for told in (activity["conversation"], activity["channelData"]):
            told.pop("tenantId", None)
            told.pop("tenant", None)
        here = {"Host": "127.0.0.1:8080"}
        assert (await teams.client.post("/api/messages", json=activity, headers=here)).status_code == 200
        for odd in ({"Host": "coach"}, {**here, "Content-Type": "text/plain"}):  # what a page in a browser could send
            sent = await teams.client.post("/api/messages", content=json.dumps(activity), headers=odd)
            assert sent.status_code == 403, odd
        outside = {**activity, "serviceUrl": "https://smba.trafficmanager.net/emea/"}
        assert (await teams.client.post("/api/messages", json=outside, headers=here)).status_code == 403


class _Platform:
    REAL = object()

    def __init__(self) -> None:
        self.keys = {"key-1": (rsa.generate_private_key(public_exponent=65537, key_size=2048), ["msteams"])}
        self.key_fetches = 0
        self.answers: Any = self.REAL

    async def fetch(self) -> object:
        self.key_fetches += 1
        if self.answers is not self.REAL:
            if isinstance(self.answers, Exception):
                raise self.answers
            return self.answers
        return {"keys": [TeamsPlatform.jwk(self, kid) for kid in self.keys]}  # type: ignore[arg-type]


def _key_set() -> tuple[_Platform, list[float], KeySet]:
    platform, clock = _Platform(), [1000.0]
    return platform, clock, KeySet(platform.fetch, lambda: clock[0])
