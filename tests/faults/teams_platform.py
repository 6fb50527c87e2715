"""Microsoft Teams on loopback: signing keys, tokens, and a connector whose next answers can be scripted."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

Json = dict[str, Any]

APP_ID = "7d5c6a52-0000-4000-8000-00000000c0ac"
TENANT_ID = "11111111-2222-4333-8444-555555555555"
ISSUER = "https://api.botframework.com"
BOT = f"28:{APP_ID}"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Fault:
    """The next call's fate: a status instead of an answer, a delay, or carried out with the reply lost."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "ServiceError"
    delay: float = 0.0
    lose: bool = False
    body: bytes | None = None


@dataclass
class Posted:
    """A call that was carried out."""

    method: str
    conversation: str
    activity: Json
    id: str


class TeamsPlatform:
    """Runs on a free port; ``faults`` are used up one a call."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.created: list[Json] = []
        self.calls: list[tuple[str, str]] = []
        self.faults: deque[Fault] = deque()
        self.token_faults: deque[Fault] = deque()
        self.key_faults: deque[Fault] = deque()
        self.key_fetches = 0
        self.token_fetches = 0
        self.keys: dict[str, tuple[rsa.RSAPrivateKey, list[str]]] = {"key-1": (_KEY, ["msteams"])}
        self.names: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}
        self._runner: web.AppRunner | None = None
        self.base = ""

    @property
    def service(self) -> str:
        return f"{self.base}/teams"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/{tenant}/token", self._token)
        app.router.add_route("*", "/teams/v3/conversations{tail:.*}", self._call)
        app.router.add_put("/drive/{name}", self._upload)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # ---- what Teams sends us

    def token(self, *, kid: str = "key-1", key: Any = None, headers: Json | None = None, **claims: Any) -> str:
        """A good token, but for what is given; a claim given as None is left out."""
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": APP_ID, "nbf": now - 10, "exp": now + 3600, "serviceurl": self.service, **claims}
        whole = {name: value for name, value in whole.items() if value is not None}
        signer = key if key is not None else self.keys[kid][0]
        return jwt.encode(whole, signer, algorithm="RS256", headers={"kid": kid, **(headers or {})})

    # ---- what it answers

    async def _keys(self, _request: web.Request) -> web.StreamResponse:
        self.key_fetches += 1
        if self.key_faults:
            fault = self.key_faults.popleft()
            await asyncio.sleep(fault.delay)
            if fault.body is not None:
                return web.Response(body=fault.body)
            if fault.status:
                return web.Response(status=fault.status)
        return web.json_response({"keys": [self.jwk(kid) for kid in self.keys]})

    def jwk(self, kid: str) -> Json:
        private, endorsements = self.keys[kid]
        made = json.loads(RSAAlgorithm.to_jwk(private.public_key()))
        return {**made, "kid": kid, "use": "sig", "endorsements": endorsements}

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        assert "Authorization" not in request.headers  # our token is not for a drive
        self.uploads[request.match_info["name"]] = await request.read()
        return web.Response(status=201)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.token_fetches += 1
        form = await request.post()
        if self.token_faults:
            fault = self.token_faults.popleft()
            await asyncio.sleep(fault.delay)
            return web.Response(status=fault.status or 200, body=fault.body or b"{}")
        assert form["grant_type"] == "client_credentials"
        assert request.match_info["tenant"] == TENANT_ID
        return web.json_response({"access_token": f"t{self.token_fetches}", "expires_in": 3600})

    async def _call(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"].startswith("Bearer t")
        path = request.match_info["tail"].strip("/")
        self.calls.append((request.method, path))
        body = await request.json() if request.can_read_body else {}
        if not (self.faults and body.get("type") != "typing"):
            return web.json_response(self._carry_out(request.method, path, body))
        fault = self.faults.popleft()
        await asyncio.sleep(fault.delay)
        if fault.status:
            error = {"error": {"code": fault.code, "message": "a sentence"}}
            return web.json_response(error, status=fault.status, headers=fault.headers)
        done = self._carry_out(request.method, path, body)
        if fault.lose:
            assert request.transport is not None
            request.transport.close()
        return web.Response(body=fault.body) if fault.body is not None else web.json_response(done)

    def _carry_out(self, method: str, path: str, body: Json) -> Json:
        parts = path.split("/") if path else []
        if not parts:
            return self._create(body)
        if parts[1] == "members":
            user = parts[2]
            return {"id": user, "name": self.names.get(user, "Robin Doe"), "email": "robin@example.com"}
        id = parts[2] if len(parts) > 2 else f"m{len(self.posted) + 1}"
        self.posted.append(Posted(method, parts[0], body, id))
        return {"id": id}

    def _create(self, body: Json) -> Json:
        self.created.append(body)
        if "activity" in body:
            id = f"m{len(self.posted) + 1}"
            conversation = f"{body['channelData']['channel']['id']};messageid={id}"
            self.posted.append(Posted("POST", conversation, body["activity"], id))
            return {"id": conversation, "activityId": id}
        return {"id": f"a:direct-{body['members'][0]['id']}"}

    def messages(self, conversation: str | None = None) -> list[Json]:
        """Everything shown, without typing, oldest first."""
        return [
            one.activity
            for one in self.posted
            if one.activity.get("type") == "message" and conversation in {None, one.conversation}
        ]
