"""Who may post to us: the token of every request, checked strictly. Whatever is not understood is refused, never an error.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication#connector-to-bot
The library's own checks accept a token without expiry and fail on an unknown key; so they are not used.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from adapters.teams.cloud import Cloud

CHANNEL = "msteams"
SKEW_SECONDS = 300
FETCH_SECONDS = 5.0
REFRESH_SECONDS = 300.0  # the shortest time between two fetches
FRESH_SECONDS = 3600.0  # older keys are fetched again behind the answer
KEPT_SECONDS = 24 * 3600.0  # keys that could not be refreshed are used no longer than this
TOKEN_LIMIT = 8192
CACHED = 1000
SMALLEST_KEY = 2048
log = logging.getLogger(__name__)

Fetch = Callable[[], Awaitable[object]]
Clock = Callable[[], float]


class Denied(Exception):
    """The request is not from Teams; the text is for the log and holds nothing of the token."""


class Key(msgspec.Struct, frozen=True):
    """A public key and the channels it speaks for."""

    public: RSAPublicKey
    endorsements: frozenset[str]


class KeySet:
    """The signing keys, fetched by one caller at a time and at most once in five minutes."""

    def __init__(self, fetch: Fetch, clock: Clock = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._fetched: float | None = None  # when the keys we hold were fetched
        self._tried: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> Key | None:
        """The key by its id, or None; an unknown id has the keys fetched again, if that is not too soon."""
        known = self._current().get(kid)
        if known is None:
            if (task := self._refresh()) is not None:
                await asyncio.shield(task)
            return self._current().get(kid)
        if self._age() > FRESH_SECONDS:
            self._refresh()
        return known

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _current(self) -> Mapping[str, Key]:
        return self._keys if self._age() <= KEPT_SECONDS else {}

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one; None when the last one is too recent."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        if self._tried is not None and self._clock() - self._tried < REFRESH_SECONDS:
            return None
        self._tried = self._clock()
        self._fetching = asyncio.create_task(self._load())
        return self._fetching

    async def _load(self) -> None:
        try:
            keys = parsed(await asyncio.wait_for(self._fetch(), FETCH_SECONDS))
        except Exception as error:  # noqa: BLE001 - the keys we hold stay in use
            log.warning("the signing keys could not be fetched", extra={"reason": type(error).__name__})
            return
        if not keys:
            log.warning("the signing keys were fetched, and none can be used")
            return
        self._keys, self._fetched = keys, self._clock()


class Verifier:
    """Checks the Authorization header. What was found good is remembered until it expires."""

    def __init__(self, app_id: str, cloud: Cloud, keys: KeySet, clock: Clock = time.time) -> None:
        if not app_id:
            raise ValueError("without an app id nothing can be verified")
        self._app_id = app_id
        self._cloud = cloud
        self._keys = keys
        self._clock = clock
        self._good: dict[bytes, tuple[float, str]] = {}

    async def verify(self, headers: Sequence[str]) -> str:
        """The service address the token is for. ``headers`` are all Authorization headers. Raises :class:`Denied`."""
        token = _bearer(headers)
        mark = hashlib.sha256(token.encode()).digest()
        known = self._good.get(mark)
        if known is not None and self._clock() < known[0]:
            return known[1]
        key = await self._key(token)
        try:
            claims = jwt.decode(
                token,
                key.public,
                algorithms=["RS256"],
                audience=self._app_id,
                issuer=self._cloud.issuer,
                leeway=SKEW_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
            expires, service = self._checked(claims)
        except Denied:
            raise
        except Exception as error:  # noqa: BLE001 - a forged token may fail in any way
            raise Denied(type(error).__name__) from None
        self._remember(mark, expires, service)
        return service

    async def _key(self, token: str) -> Key:
        try:
            header = jwt.get_unverified_header(token)
        except Exception:  # noqa: BLE001 - whatever it is, it is no token
            raise Denied("no header") from None
        kid = header.get("kid")
        if header.get("alg") != "RS256" or "crit" in header:
            raise Denied("algorithm")
        if not isinstance(kid, str) or not kid:
            raise Denied("no key id")
        key = await self._keys.find(kid)
        if key is None:
            raise Denied("unknown key")
        if CHANNEL not in key.endorsements:
            raise Denied("endorsements")
        return key

    def _checked(self, claims: Mapping[str, Any]) -> tuple[float, str]:
        """What the library does not insist on: one audience, a beginning, numbers as times, the service address."""
        times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
        if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in times):
            raise Denied("times")
        if "nbf" not in claims and "iat" not in claims:
            raise Denied("no beginning")
        if claims["aud"] != self._app_id or claims["iss"] != self._cloud.issuer:
            raise Denied("audience or issuer")
        service = claims.get("serviceurl")
        if not isinstance(service, str) or not service:
            raise Denied("no service address")
        return float(claims["exp"]), service

    def _remember(self, mark: bytes, expires: float, service: str) -> None:
        if len(self._good) >= CACHED:
            now = self._clock()
            self._good = {mark: one for mark, one in self._good.items() if one[0] > now}
        if len(self._good) < CACHED:
            self._good[mark] = (expires, service)


def _bearer(headers: Sequence[str]) -> str:
    if len(headers) != 1:
        raise Denied("one Authorization header is needed")
    scheme, _, token = headers[0].partition(" ")
    if scheme.casefold() != "bearer" or not 0 < len(token) <= TOKEN_LIMIT or token.count(".") != 2:
        raise Denied("no bearer token")
    return token


def parsed(found: object) -> dict[str, Key]:
    """The keys of a key set that can be used; a broken one among them does not spoil the others."""
    listed = found.get("keys") if isinstance(found, dict) else None
    keys = {}
    for one in listed if isinstance(listed, list) else ():
        try:
            keys[_kid(one)] = _key(one)
        except Exception:  # noqa: BLE001, S112 - what others send may break in any way
            continue
    return keys


def _kid(one: Mapping[str, Any]) -> str:
    if not isinstance(one["kid"], str) or not one["kid"]:
        raise ValueError("a key needs an id")
    return str(one["kid"])


def _key(one: Mapping[str, Any]) -> Key:
    """A public RSA key for signatures; a key set that holds a private part is not one to trust."""
    if one["kty"] != "RSA" or "d" in one or one.get("use", "sig") != "sig" or one.get("alg", "RS256") != "RS256":
        raise ValueError("not a key for signatures")
    public = RSAAlgorithm.from_jwk({"kty": "RSA", "n": one["n"], "e": one["e"]})
    if not isinstance(public, RSAPublicKey) or public.key_size < SMALLEST_KEY:
        raise ValueError("not a public key of a safe size")
    endorsements = one.get("endorsements", [])
    return Key(public, frozenset(word for word in endorsements if isinstance(word, str)))
