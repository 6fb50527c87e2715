"""Who may talk to the playground: this machine, from the playground's own page, with the token it printed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.local.problems import Problem, ProblemView

BODY_LIMIT = 256 * 1024
OPEN_PATHS = ("/healthz",)
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """ASGI middleware in front of everything. ``token`` is random and new at every start."""

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self._app = app
        self._token = token
        self._cookie = f"playground_{port}"  # cookies do not tell ports apart
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, _guarded(send))
            return
        await self._app(scope, _Limited(receive), _guarded(self._entrance(scope, send)))

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        if headers.get("host", "") not in self._hosts:
            return _refused(
                403, "This address is not the playground's.", "Open the address that the playground printed."
            )
        if "origin" in headers and headers["origin"] not in self._origins:
            return _refused(403, "Another page may not use the playground.", "Open the address that it printed.")
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"} and headers.get("sec-fetch-mode") != "navigate":
            return _refused(403, "Another page may not use the playground.", "Open the address that it printed.")
        if not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > BODY_LIMIT:
            return too_large()
        if scope["path"] not in OPEN_PATHS and not self._has_token(scope, headers):
            return _refused(
                403,
                "The playground needs its token.",
                "Open the address it printed, or send Authorization: Bearer <token>.",
            )
        return None

    def _has_token(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except Exception:  # noqa: BLE001  whatever a broken cookie is, it is no token
            cookies = SimpleCookie()
        held = cookies[self._cookie].value if self._cookie in cookies else ""
        given = [bearer, held, _query(scope).get("token", "")]
        return any(secrets.compare_digest(one.encode(), self._token.encode()) for one in given)

    def _entrance(self, scope: Scope, send: Send) -> Send:
        """``?token=`` is for once: the page comes at once, with the token as a cookie, and then cleans its own address.

        No redirect: a program without a cookie jar would be sent away from the page it was let in to.
        """
        if scope["method"] != "GET" or "token" not in _query(scope):
            return send
        kept = Response()
        kept.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        cookie = (b"set-cookie", kept.headers["set-cookie"].encode("latin-1"))

        async def let_in(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), cookie]}
            await send(message)

        return let_in


class _Limited:
    """A request body that ends in 413 when it grows past the limit, whatever its headers said."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > BODY_LIMIT:
            raise Problem(413, *_TOO_LARGE)
        return message


_TOO_LARGE = ("That is too large.", f"Send at most {BODY_LIMIT // 1024} KiB.")


def too_large() -> Response:
    return _refused(413, *_TOO_LARGE)


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def _refused(status: int, error: str, what_to_do: str) -> Response:
    return Response(msgspec.json.encode(ProblemView(error, what_to_do)), status, media_type="application/json")


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message.get("headers", [])}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in given]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return guarded
