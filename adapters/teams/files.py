"""Files in Teams: a bot may put one only into the person's own drive, and only where the person says yes.

So a message with a file is followed by a card that asks; the file waits in the store until it is taken, a week at most.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from adapters import calendar
from adapters.teams.cloud import Cloud, is_loopback
from adapters.teams.connector import Connector
from adapters.teams.tokens import Session
from bot.messages import File, Invite, Message
from scheduler.ports import finished
from storage.store import Store
from storage.teams import Conversation, Offered, TeamsAddresses
from storage.tenancy import Workspace

Json = Mapping[str, Any]

CONSENT = "application/vnd.microsoft.teams.card.file.consent"
INFO = "application/vnd.microsoft.teams.card.file.info"
DRIVES = (".sharepoint.com", ".sharepoint.us")
UPLOAD_SECONDS = 30.0
LARGEST = 1024 * 1024
GONE = "This file is no longer kept. Ask for it again."
FAILED = "The file could not be saved to your drive. Please try again."
DECLINED = "The file was not saved."
log = logging.getLogger(__name__)


class Files:
    """Files of one workspace that are offered, and taken."""

    def __init__(
        self,
        *,
        store: Store,
        workspace: Workspace,
        connector: Connector,
        session: Session,
        cloud: Cloud,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
    ) -> None:
        self._store = store
        self._here = (workspace.tenant, workspace.id)
        self._connector = connector
        self._session = session
        self._cloud = cloud
        self._clock = clock
        self._ids = ids

    async def offer(self, to: Conversation, message: Message) -> None:
        """Ask for every file of a message that has just been shown in a person's own chat."""
        for name, mime, data in attached(message):
            if len(data) > LARGEST:
                log.warning("a file is too large to be offered", extra={"bytes": len(data)})
                continue
            file = Offered(id=self._ids(), conversation=to.id, name=name, mime=mime, data=data)
            await finished(self._store.transact(lambda conn, file=file: self._at(conn).offer(file, self._clock())))  # type: ignore[misc]
            await self._connector.post(to.service_url, to.id, _asking(file))

    async def answer(self, at: Conversation, on: str | None, consent: Json) -> None:
        """The person said yes or no; the card that asked becomes the file, or a word about it."""
        id = _text(consent, "context", "file")
        file = await finished(self._store.look(lambda conn: self._at(conn).offered(id, at.id)))
        shown: Json
        if file is None:
            shown = _said(GONE)
        elif consent.get("action") != "accept":
            shown = _said(DECLINED)
        else:
            shown = await self._put(file, consent) or _said(FAILED)
        if file is not None and shown != _said(FAILED):
            await finished(self._store.transact(lambda conn: self._at(conn).taken(id)))
        if on is not None and shown != _said(FAILED):
            await self._connector.put(at.service_url, at.id, on, shown)
        else:
            await self._connector.post(at.service_url, at.id, shown)

    async def _put(self, file: Offered, consent: Json) -> Json | None:
        """Upload to the address Teams gave. No token of ours goes there, and nowhere but to a drive."""
        url = _text(consent, "uploadInfo", "uploadUrl")
        if not self._is_drive(url):
            log.warning("an upload address that is no drive was refused")
            return None
        size = len(file.data)
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"bytes 0-{size - 1}/{size}"}
        timeout = aiohttp.ClientTimeout(total=UPLOAD_SECONDS)
        try:
            async with self._session().put(
                URL(url, encoded=True), data=file.data, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status not in {200, 201}:
                    log.warning("an upload was refused", extra={"status": response.status})
                    return None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("an upload failed", extra={"reason": type(error).__name__})
            return None
        return _taken(consent, file)

    def _is_drive(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if self._cloud.loopback:
            return parts.scheme == "http" and is_loopback(host)
        plain = parts.scheme == "https" and port is None and "@" not in parts.netloc and "\\" not in url
        return plain and host.endswith(DRIVES)

    def _at(self, conn: Any) -> TeamsAddresses:
        return TeamsAddresses(conn, *self._here)


def attached(message: Message) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and bytes of everything in a message that is a file."""
    for block in message.blocks:
        match block:
            case File(name=name, mime=mime, data=data):
                yield name, mime, data
            case Invite():
                yield calendar.FILE_NAME, calendar.mime(block), calendar.ics(block)
            case _:
                continue


def _asking(file: Offered) -> Json:
    content = {
        "description": "Save this file to your own drive?",
        "sizeInBytes": len(file.data),
        "acceptContext": {"file": file.id},
        "declineContext": {"file": file.id},
    }
    asking = {"contentType": CONSENT, "name": file.name, "content": content}
    return {"type": "message", "summary": f"A file for you: {file.name}", "attachments": [asking]}


def _taken(consent: Json, file: Offered) -> Json:
    told = {name: _text(consent, "uploadInfo", name) for name in ("contentUrl", "uniqueId", "fileType")}
    info = {
        "contentType": INFO,
        "contentUrl": told["contentUrl"],
        "name": file.name,
        "content": {"uniqueId": told["uniqueId"], "fileType": told["fileType"]},
    }
    return {"type": "message", "summary": f"{file.name} is in your drive", "attachments": [info]}


def _said(words: str) -> Json:
    return {"type": "message", "text": words, "summary": words}


def _text(made: object, *names: str) -> str:
    for name in names:
        made = made.get(name) if isinstance(made, dict) else None
    return made if isinstance(made, str) else ""
