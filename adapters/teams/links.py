"""One-time links to files, for answers that cannot carry one: a card in a channel that only the presser sees.

Whoever holds the link gets the file, once, within ten minutes. The page behind it only asks: what looks at links for a
preview must not use them up.
"""

from __future__ import annotations

import hashlib
import html
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adapters.teams.files import LARGEST, attached
from bot.messages import Link, Message, Plain, Text
from scheduler.ports import finished
from storage.store import Store
from storage.teams import Offered, TeamsAddresses
from storage.tenancy import Workspace

PATH = "/teams/files"
GOOD_FOR = timedelta(minutes=10)
HELD = "link"  # in the place of the conversation that a consent card belongs to
GONE = "This link has been used, or ten minutes have passed. Ask for the file again."
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Links:
    """Links of one workspace. ``base`` is our address as others reach it."""

    def __init__(self, store: Store, workspace: Workspace, base: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._here = (workspace.tenant, workspace.id)
        self._base = base.rstrip("/")
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        path = f"{PATH}/{{token}}"
        return [Route(path, self.page, methods=["GET"]), Route(path, self.take, methods=["POST"])]

    async def added(self, message: Message) -> Message:
        """The message with a link for every file in it."""
        links = [await self._link(*one) for one in attached(message) if len(one[2]) <= LARGEST]
        return msgspec.structs.replace(message, blocks=(*message.blocks, *links))

    async def _link(self, name: str, mime: str, data: bytes) -> Text:
        token = secrets.token_urlsafe(32)
        file = Offered(id=_mark(token), conversation=HELD, name=name, mime=mime, data=data)
        await finished(self._store.transact(lambda conn: self._offer(TeamsAddresses(conn, *self._here), file)))
        return Text((Link(f"Download {name}", f"{self._base}{PATH}/{token}"), Plain(" (once, within ten minutes)")))

    def _offer(self, kept: TeamsAddresses, file: Offered) -> None:
        now = self._clock()
        kept.forget(HELD, now - GOOD_FOR)
        kept.offer(file, now)

    async def page(self, _request: Request) -> Response:
        """The same whatever the token is; only pressing uses it."""
        body = "<form method=post><button>Download the file</button></form>"
        return HTMLResponse(_page(body), headers=HEADERS)

    async def take(self, request: Request) -> Response:
        """The file, to the first who asks."""
        mark, since = _mark(str(request.path_params["token"])), self._clock() - GOOD_FOR
        file = await finished(
            self._store.transact(lambda conn: TeamsAddresses(conn, *self._here).take(mark, HELD, since))
        )
        if file is None:
            return HTMLResponse(_page(html.escape(GONE)), 404, headers=HEADERS)
        named = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(file.data, headers={**HEADERS, "Content-Disposition": named}, media_type=file.mime)


def _mark(token: str) -> str:
    """What the store holds of a token: nobody who reads the store can use the link."""
    return hashlib.sha256(token.encode()).hexdigest()


def _page(body: str) -> str:
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>MLOps coach</title><body>{body}</body></html>"
