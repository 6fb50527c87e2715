"""Installing from a link: a state that works once, a code exchanged for a token, the token stored encrypted.

https://docs.slack.dev/authentication/installing-with-oauth
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.slack.calls import Calls
from adapters.slack.keys import Keys
from adapters.slack.manifest import OPTIONAL_SCOPES, SCOPES
from adapters.slack.rotation import rotating
from adapters.slack.seats import PLATFORM, Seats
from bot.errors import DeliveryFailed
from bot.messages import clip
from scheduler.ports import finished
from storage import tenancy
from storage.installations import Installation, add_state, install, is_known, take_state, ticket_digest
from storage.store import Store
from storage.tenancy import Workspace

INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth"
STATE_MINUTES = 10
TICKET = "for"  # what a link of `admin slack-link` carries
COOKIE = "slack_install"
AUTHORIZE_URL = "https://slack.com/oauth/v2/authorize"

Json = dict[str, Any]
log = logging.getLogger(__name__)


class Installer:
    """The two pages of an installation. ``ids`` makes new ids, ``clock`` is the movable clock."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        public_url: str,
        authorize_url: str,
        keys: Keys,
        store: Store,
        calls: Calls,
        seats: Seats,
        ids: Callable[[], str],
        clock: Callable[[], datetime],
        zone: str,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._public_url = public_url.rstrip("/")
        self._authorize_url = authorize_url
        self._keys = keys
        self._store = store
        self._calls = calls
        self._seats = seats
        self._ids = ids
        self._clock = clock
        self._zone = zone

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route(INSTALL_PATH, self._begin), Route(REDIRECT_PATH, self._finish)]

    async def _begin(self, request: Request) -> Response:
        """Off to Slack, with a state bound to this browser. A ticket makes it one more workspace of its company."""
        state, ticket = secrets.token_urlsafe(32), request.query_params.get(TICKET, "")
        now = self._clock()
        until = now + timedelta(minutes=STATE_MINUTES)

        def add(conn: Any) -> bool:
            good, tenant = take_state(conn, ticket_digest(ticket), now) if ticket else (True, None)
            if good:
                add_state(conn, _digest(state), tenant, until)
            return good

        if not await finished(self._store.transact(add)):
            return _page(400, "This link is no longer good.", "Ask for another one.")
        query = {
            "client_id": self._client_id,
            "scope": ",".join(sorted({*SCOPES, *OPTIONAL_SCOPES})),
            "state": state,
            "redirect_uri": self._redirect_uri,
        }
        response = RedirectResponse(f"{self._authorize_url}?{urlencode(query)}", 302)
        secure = self._public_url.startswith("https://")
        response.set_cookie(
            COOKIE, state, max_age=STATE_MINUTES * 60, path=REDIRECT_PATH, secure=secure, httponly=True, samesite="lax"
        )
        return response

    @property
    def _redirect_uri(self) -> str:
        return f"{self._public_url}{REDIRECT_PATH}"

    async def _finish(self, request: Request) -> Response:
        """Back from Slack. The state is used up first, whatever comes of the rest."""
        state, cookie = request.query_params.get("state", ""), request.cookies.get(COOKIE, "")
        code = request.query_params.get("code", "")
        good, tenant = False, None
        if state and secrets.compare_digest(state.encode(), cookie.encode()):
            good, tenant = await finished(
                self._store.transact(lambda conn: take_state(conn, _digest(state), self._clock()))
            )
        if not good:
            return _page(400, "This link is no longer good.", "Begin again from the installation page.")
        if not code:
            return _page(200, "Nothing was installed.", "You can close this page.")
        try:
            granted = await self._exchange(code)
        except DeliveryFailed as failed:
            log.warning("a code was not exchanged", extra={"method": "oauth.v2.access", "reason": failed.reason})
            return _page(502, "Slack did not confirm the installation.", "Please begin again.")
        if not await self._keep(granted, tenant):
            return _page(502, "Slack's answer was not complete.", "Please begin again.")
        return _page(200, "The coach is installed.", "Say hello to it in Slack: its name is in the list of apps.")

    async def _exchange(self, code: str) -> Json:
        secret = {"client_id": self._client_id, "client_secret": self._client_secret}
        return await self._calls.form(
            "", "oauth.v2.access", {**secret, "code": code, "redirect_uri": self._redirect_uri}
        )

    async def _keep(self, granted: Json, tenant: str | None) -> bool:
        team, enterprise = granted.get("team") or {}, granted.get("enterprise") or {}
        token, bot = granted.get("access_token"), granted.get("bot_user_id")
        over_all = granted.get("is_enterprise_install") is True
        name = (enterprise if over_all else team).get("name") or "Slack"
        team_id = "" if over_all else str(team.get("id") or "")
        enterprise_id = str(enterprise.get("id") or "")
        if not isinstance(token, str) or not isinstance(bot, str) or not (team_id or enterprise_id):
            return False
        now, id = self._clock(), self._ids()
        seat = Workspace(
            id=id,
            tenant=tenant or id,
            platform=PLATFORM,
            team=team_id,
            name=clip(str(name), 200),
            app=str(granted.get("app_id") or ""),
            zone=self._zone,
            enterprise=enterprise_id,
        )
        new = Installation(
            workspace=id,
            tenant=seat.tenant,
            platform=PLATFORM,
            app=seat.app,
            enterprise=enterprise_id,
            team=team_id,
            token=self._keys.lock(token),
            **rotating(granted, self._keys, now),
            bot=bot,
            scopes=str(granted.get("scope", "")),
            installer=str((granted.get("authed_user") or {}).get("id", "")),
            installed_at=now,
        )

        def put(conn: Any) -> str:
            if tenant is None and not is_known(conn, seat):
                tenancy.add_tenant(conn, seat.tenant, seat.name, secrets.token_hex(32), now)
            return install(conn, seat, new)

        await finished(self._store.transact(put))
        await self._seats.load()
        return True


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _page(status: int, title: str, text: str) -> HTMLResponse:
    """Words of our own only: nothing from the request is shown."""
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><main><h1>{title}</h1><p>{text}</p></main></html>"
    )
    headers = {"content-security-policy": "default-src 'none'", "referrer-policy": "no-referrer", "cache-control": "no-store"}  # fmt: skip
    return HTMLResponse(body, status, headers=headers)
