"""Lists of people in and out of a database, for the command line."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from adapters.wiring.operations import opened
from adapters.wiring.system import Unusable, new_id
from bot.domain import roster as lists
from bot.domain.roster import Entry
from content import loader
from storage import packs, tenancy
from storage.installations import invite
from storage.parts import Parts
from storage.roster import Change, Roster, listed

LINK_LASTS = timedelta(days=1)


class _Rehearsed(Exception):
    """A rehearsal is over: everything it did is rolled back."""

    def __init__(self, changes: list[Change]) -> None:
        super().__init__("rehearsed")
        self.changes = changes


def take(url: str, workspace: str | None, entries: Sequence[Entry], *, keep: bool) -> list[Change]:
    """Put a list into the store, or with ``keep`` false only say what that would change.

    Raises :class:`Unusable`, and ``bot.domain.roster.Mistakes``; then nothing has changed.
    """

    def work(conn: Connection) -> list[Change]:
        place = _place(conn, workspace)
        parts = Parts(conn, place.tenant)
        changes = Roster(parts, place.id, _tracks(conn), new_id).apply(entries, datetime.now(UTC))
        if not keep:
            raise _Rehearsed(changes)
        return changes

    try:
        return opened(url, work)
    except _Rehearsed as over:
        return over.changes


def give(url: str, workspace: str | None) -> str:
    """The people of a workspace as a list."""

    def work(conn: Connection) -> str:
        place = _place(conn, workspace)
        return lists.written(listed(conn, place.tenant, place.id))

    return opened(url, work)


def slack_link(url: str, workspace: str | None, public_url: str) -> str:
    """A link that installs Slack in one more workspace of the company that this workspace belongs to; good once."""
    ticket = secrets.token_urlsafe(32)
    until = datetime.now(UTC) + LINK_LASTS
    opened(url, lambda conn: invite(conn, ticket, _place(conn, workspace).tenant, until))
    return f"{public_url.rstrip('/')}/slack/install?for={ticket}"


def _place(conn: Connection, wanted: str | None) -> tenancy.Workspace:
    known = tenancy.workspaces(conn)
    found = [one for one in known if wanted is None or wanted in {one.id, one.team, one.platform}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.id} ({one.platform}, {one.name})" for one in known)
    if not known:
        raise Unusable("There is no workspace yet. Start `mlops-coach serve` once; it makes those of the settings.")
    raise Unusable(f"Say which workspace with --workspace: {names}.")


def _tracks(conn: Connection) -> dict[str, int]:
    """The tracks of the pack in force, with their lessons; none before the service has run once."""
    body = packs.newest(conn)
    return {} if body is None else {one.id: len(one.lessons) for one in loader.decode(body).tracks}
