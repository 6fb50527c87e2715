"""Microsoft Teams put together: implements ``adapters.front.Front``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import aiohttp
import msgspec
from starlette.routing import BaseRoute

from adapters.settings import Settings
from adapters.teams.addresses import Addresses
from adapters.teams.app import Conversations, Door
from adapters.teams.bot import CoachAdapter
from adapters.teams.cloud import CLOUDS, Cloud, emulated
from adapters.teams.connector import Connector, bounded, open_session
from adapters.teams.emulator import BASE, NoSecret, unauthenticated
from adapters.teams.files import Files
from adapters.teams.links import Links
from adapters.teams.origin import key_of
from adapters.teams.pace import Pace
from adapters.teams.required import Incomplete, required
from adapters.teams.send import TeamsMessenger
from adapters.teams.tokens import Credentials, Secret, Tokens
from adapters.teams.turns import Turns
from adapters.teams.turnstile import Turnstile
from adapters.teams.verify import KeySet, Verifier
from adapters.teams.voice import Voice
from adapters.watch import NOBODY, Watch
from bot.app import App
from storage import tenancy
from storage.store import Store
from storage.tenancy import Workspace

PLATFORM = "teams"
__all__ = ["PLATFORM", "Incomplete", "TeamsFront"]


class TeamsFront:
    """The front door of one Teams tenant. ``tenant`` is our company; ``cloud`` is given by tests.

    Not ``authenticated`` it serves an emulator on this machine. Raises ``Incomplete`` when it cannot.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        app: App,
        store: Store,
        clock: Callable[[], datetime],
        tenant: str,
        cloud: Cloud | None = None,
        authenticated: bool = True,
        watch: Watch = NOBODY,
    ) -> None:
        if not authenticated:
            settings, cloud = unauthenticated(settings), emulated(BASE)
        app_id, directory, secret = required(settings)
        self._cloud = cloud or CLOUDS[settings.teams_cloud]
        self._session: aiohttp.ClientSession | None = None
        self._keys = KeySet(self._fetch_keys)
        credentials: Credentials = NoSecret()
        if authenticated:
            credentials = Secret(self._open, self._cloud, tenant=directory, app_id=app_id, secret=secret)
        self._tokens = Tokens(credentials)
        connector = Connector(self._open, self._tokens, self._cloud, Pace())
        workspace = _workspace(settings, store, tenant)
        addresses = Addresses(store=store, workspace=workspace, connector=connector, clock=clock, ids=app.ids)
        turnstile = Turnstile()
        files = Files(
            store=store,
            workspace=workspace,
            connector=connector,
            session=self._open,
            cloud=self._cloud,
            clock=clock,
            ids=app.ids,
        )
        public = settings.public_url
        self._links = Links(store, workspace, public, clock) if public else None
        self._voice = Voice(connector, turnstile, files)
        turns = Turns(
            app=app,
            addresses=addresses,
            connector=connector,
            voice=self._voice,
            turnstile=turnstile,
            clock=clock,
            key=key_of(secret),
            files=files,
            links=self._links,
            watch=watch,
        )
        self._messenger = TeamsMessenger(connector, {workspace.id: addresses}, app_id, self._voice.offer)
        self._door = Door(
            cloud=self._cloud,
            verifier=Verifier(app_id, self._cloud, self._keys) if authenticated else None,
            tenants={directory: Conversations(workspace.id, turns.take)},
            turn=CoachAdapter(connector).turn,
            key=key_of(secret),
            watch=watch,
        )
        self._watch = watch

    @property
    def platform(self) -> str:
        return PLATFORM

    @property
    def messenger(self) -> TeamsMessenger:
        return self._messenger

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return [*self._door.routes, *(self._links.routes if self._links is not None else ())]

    async def start(self) -> None:
        self._session = open_session(self._cloud, self._watch)

    async def stop(self) -> None:
        """Finish what is being said, then close."""
        await self._voice.close()
        await self._tokens.close()
        await self._keys.close()
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Teams has not been started")
        return self._session

    async def _fetch_keys(self) -> object:
        async with self._open().get(self._cloud.keys_url, allow_redirects=False) as response:
            response.raise_for_status()
            return msgspec.json.decode(await bounded(response))


def _workspace(settings: Settings, store: Store, tenant: str) -> Workspace:
    """The directory as a workspace of ours, added once."""
    directory, app_id = str(settings.teams_tenant_id).strip(), str(settings.teams_app_id).strip()
    mine = Workspace(
        id=f"teams-{directory}",
        tenant=tenant,
        platform=PLATFORM,
        team=directory,
        name=settings.company,
        zone=settings.zone,
        app=app_id,
    )
    store.transact(lambda conn: tenancy.add_workspace(conn, mine)).result()
    return mine
