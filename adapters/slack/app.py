"""Slack's front door, put together: routes, the messenger, and the life of its session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from adapters.front import NotSetUp
from adapters.settings import Settings
from adapters.slack.calls import API_URL, Calls, TokenRefused
from adapters.slack.files import Files
from adapters.slack.guard import Guard, Json, Reply
from adapters.slack.keys import BadKeys, Keys
from adapters.slack.oauth import AUTHORIZE_URL, Installer
from adapters.slack.profiles import Profiles
from adapters.slack.rotation import Rotation
from adapters.slack.seats import PLATFORM, Seat, Seats
from adapters.slack.send import SlackMessenger
from adapters.slack.socket_mode import Socket
from adapters.slack.turns import Turns
from adapters.watch import NOBODY, Timed, Watch
from bot.app import App
from bot.errors import DeliveryFailed
from scheduler.ports import Messenger, finished
from storage.installations import Installation, install
from storage.store import Store
from storage.tenancy import Workspace

__all__ = ["NotSetUp", "SlackFront", "open_front"]

EVENTS_PATH = "/slack/events"
RELOAD_SECONDS, REACH_SECONDS = 30.0, 60.0
log = logging.getLogger(__name__)


class SlackFront:
    """Implements ``adapters.front.Front``."""

    def __init__(
        self,
        settings: Settings,
        app: App,
        store: Store,
        clock: Callable[[], datetime],
        *,
        tenant: str,
        watch: Watch = NOBODY,
    ) -> None:
        self._watch = watch
        self._settings = settings
        self._app = app
        self._store = store
        self._clock = clock
        self._tenant = tenant
        self._calls = Calls(settings.slack_api_url or API_URL, watch=watch)
        self._seats = Seats(store, self._unlock)
        profiles = Profiles(store, self._calls, app.accounts)
        files = Files(store, self._calls)
        self._turns = Turns(
            app=app,
            store=store,
            seats=self._seats,
            calls=self._calls,
            files=files,
            profiles=profiles,
            clock=clock,
            zone=settings.zone,
            watch=watch,
        )
        self._messenger = SlackMessenger(store, self._seats, self._calls, files, self._told_refused)
        secret = settings.slack_signing_secret
        self._guard = Guard(secret.get_secret_value(), self._turns.receive, time.time, watch) if secret else None
        self._reached = 0.0
        self._keys = Keys(settings.slack_token_keys.get_secret_value()) if settings.slack_token_keys else None
        self._installer = self._make_installer()
        self._rotation = self._make_rotation()
        self._tasks: list[asyncio.Task[None]] = []

    def _make_installer(self) -> Installer | None:
        own = self._settings
        if not (own.slack_client_id and own.slack_client_secret and own.public_url and self._keys):
            return None
        return Installer(
            client_id=own.slack_client_id,
            client_secret=own.slack_client_secret.get_secret_value(),
            public_url=own.public_url,
            authorize_url=_authorize_url(own.slack_api_url),
            keys=self._keys,
            store=self._store,
            calls=self._calls,
            seats=self._seats,
            ids=self._app.ids,
            clock=self._clock,
            zone=own.zone,
        )

    def _make_rotation(self) -> Rotation | None:
        own = self._settings
        if not (own.slack_client_id and own.slack_client_secret and self._keys):
            return None
        return Rotation(
            client_id=own.slack_client_id,
            client_secret=own.slack_client_secret.get_secret_value(),
            keys=self._keys,
            store=self._store,
            calls=self._calls,
            seats=self._seats,
            clock=self._clock,
        )

    @property
    def platform(self) -> str:
        return PLATFORM

    @property
    def messenger(self) -> Messenger:
        return self._messenger

    @property
    def routes(self) -> Sequence[BaseRoute]:
        timed = [Middleware(Timed, watch=self._watch)]
        events = [Route(EVENTS_PATH, endpoint=self._guard, middleware=timed)] if self._guard is not None else []
        return [*events, *(self._installer.routes if self._installer is not None else [])]

    async def start(self) -> None:
        """Open the session, find out whose token this is, serve. Raises :class:`NotSetUp` for a token that is refused."""
        await self._calls.open()
        await self._install_own()
        await self._seats.load()
        self._turns.open()
        self._tasks.append(asyncio.create_task(self._keep_loaded()))
        if self._rotation is not None:
            self._tasks.append(asyncio.create_task(self._rotation.serve()))
        if self._settings.slack_app_token is not None:
            self._tasks.append(asyncio.create_task(self._socket(self._settings.slack_app_token).serve()))

    def _socket(self, app_token: SecretStr) -> Socket:
        return Socket(
            app_token=app_token.get_secret_value(),
            client=lambda: self._calls.client,
            take=self._take,
            store=self._store,
            reach=self._reach,
        )

    async def _take(self, payload: Json, proof: str) -> Reply:
        """What comes through the socket, timed as the door does for what is posted."""
        began = time.perf_counter()
        reply = await self._turns.receive(payload, proof)
        self._watch.acknowledged(time.perf_counter() - began, reply.status)
        return reply

    async def _reach(self) -> bool:
        """Slack answers; asked once a minute."""
        if time.monotonic() - self._reached < REACH_SECONDS:
            return True
        try:
            await self._calls.call("", "api.test", {})
        except DeliveryFailed:
            return False
        self._reached = time.monotonic()
        return True

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._turns.close()
        await self._calls.close()

    async def _install_own(self) -> None:
        """The workspace of the environment's token. Slack being away is no reason not to start: it was here before."""
        token = self._settings.slack_bot_token
        if token is None:
            return
        try:
            known = await self._calls.call(token.get_secret_value(), "auth.test", {})
        except TokenRefused as refused:
            await self._calls.close()
            raise NotSetUp(
                f"Slack refused MLOPS_SLACK_BOT_TOKEN ({refused.reason}): copy it again from OAuth & Permissions."
            ) from refused
        except DeliveryFailed as failed:
            log.error(
                "Slack did not answer at the start; serving what was installed before", extra={"reason": failed.reason}
            )
            return
        app_id = await self._app_id(token.get_secret_value(), known)
        if app_id is None:
            return
        team, enterprise = str(known.get("team_id", "")), str(known.get("enterprise_id") or "")
        seat = Workspace(
            id=self._app.ids(),
            tenant=self._tenant,
            platform=PLATFORM,
            team=team,
            name=str(known.get("team", "")),
            app=app_id,
            zone=self._settings.zone,
            enterprise=enterprise,
        )
        new = Installation(
            workspace=seat.id,
            tenant=self._tenant,
            platform=PLATFORM,
            app=app_id,
            enterprise=enterprise,
            team=team,
            token="",  # it stays in the environment
            bot=str(known.get("user_id", "")),
            installed_at=self._clock(),
        )
        await finished(self._store.transact(lambda conn: install(conn, seat, new)))

    async def _app_id(self, token: str, known: Mapping[str, object]) -> str | None:
        """Whose token this is; '' where Slack does not say, and nothing when it did not answer just now."""
        if isinstance(known.get("app_id"), str):
            return str(known["app_id"])
        try:
            bot = (await self._calls.form(token, "bots.info", {"bot": str(known.get("bot_id", ""))})).get("bot")
        except DeliveryFailed as failed:
            if failed.permanent:
                return ""
            log.error(
                "Slack did not answer at the start; serving what was installed before", extra={"reason": failed.reason}
            )
            return None
        return str(bot.get("app_id") or "") if isinstance(bot, dict) else ""

    def _unlock(self, one: Installation) -> str | None:
        """The token of an installation; that of the environment is not stored."""
        own = self._settings.slack_bot_token
        if one.token:
            return self._keys.unlock(one.token) if self._keys is not None else None
        return own.get_secret_value() if own is not None else None

    def _told_refused(self, seat: Seat, reason: str) -> None:
        log.error(
            "Slack refuses the token of a workspace: nothing is sent there until the app is installed again",
            extra={"workspace": seat.workspace, "reason": reason},
        )

    async def _keep_loaded(self) -> None:
        """Another process may install or end a workspace."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            try:
                await self._seats.load()
            except Exception:
                log.exception("the installations could not be read; the ones known stay")


def open_front(
    settings: Settings, app: App, store: Store, clock: Callable[[], datetime], *, tenant: str, watch: Watch = NOBODY
) -> SlackFront:
    """Slack by its settings. Raises :class:`NotSetUp` when they cannot work together."""
    if settings.slack_signing_secret is None and settings.slack_app_token is None:
        raise NotSetUp("Slack needs MLOPS_SLACK_SIGNING_SECRET (HTTP) or MLOPS_SLACK_APP_TOKEN (Socket Mode).")
    if settings.slack_client_id is not None:
        needed = {
            "MLOPS_SLACK_CLIENT_SECRET": settings.slack_client_secret,
            "MLOPS_SLACK_TOKEN_KEYS": settings.slack_token_keys,
            "MLOPS_PUBLIC_URL": settings.public_url,
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise NotSetUp(f"To install Slack by a link, set {', '.join(missing)} too.")
    if settings.slack_api_url is not None and not is_loopback(settings.slack_api_url):
        raise NotSetUp("MLOPS_SLACK_API_URL is for an emulator on this machine only.")
    if settings.slack_api_url is not None and settings.host not in {"127.0.0.1", "::1", "localhost"}:
        raise NotSetUp("With MLOPS_SLACK_API_URL the server listens on this machine only: unset MLOPS_HOST.")
    try:
        return SlackFront(settings, app, store, clock, tenant=tenant, watch=watch)
    except BadKeys as error:
        raise NotSetUp(str(error)) from error


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "::1", "localhost"}


def _authorize_url(api_url: str | None) -> str:
    """Where people agree to an installation; an emulator has its own page."""
    return AUTHORIZE_URL if api_url is None else urljoin(api_url, "/oauth/v2/authorize")
