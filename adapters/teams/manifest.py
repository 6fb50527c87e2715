"""The Teams app package: what an administrator uploads. Its command lists are made from the table of commands.

https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import msgspec

from adapters.teams import icons
from bot.domain.people import Verb
from bot.messages import clip
from bot.router import Command, Table

Json = dict[str, Any]

VERSION = "1.19"
SCHEMA = f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json"
COMMANDS_LIMIT = 10  # in a list, up to version 1.24
TITLE_LIMIT, TOLD_LIMIT = 32, 128
NAME = "MLOps coach"
# Shown first, where they exist; then the others in the order they were declared.
PERSONAL = ("help", "start", "today", "define", "quiz", "hours", "settings", "progress", "pause", "privacy")
CHANNEL = ("help", "define", "terms", "find", "quiz", "hours")
# A fixed time, so that the same version is the same file.
_STAMP = (2026, 1, 1, 0, 0, 0)


class Publisher(msgspec.Struct, frozen=True):
    """Who offers the app, and the pages about it (https)."""

    company: str
    website: str
    privacy: str
    terms: str


def package(table: Table, app_id: str, release: str, publisher: Publisher) -> bytes:
    """The zip file: manifest and icons."""
    made = json.dumps(manifest(table, app_id, release, publisher), indent=2, ensure_ascii=False)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("manifest.json", made.encode()),
            ("color.png", icons.color()),
            ("outline.png", icons.outline()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _STAMP), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def manifest(table: Table, app_id: str, release: str, publisher: Publisher) -> Json:
    """The manifest as JSON. Raises ``ValueError`` for pages that are not https, which Teams refuses."""
    pages = {
        "websiteUrl": publisher.website,
        "privacyUrl": publisher.privacy,
        "termsOfUseUrl": publisher.terms,
    }
    for name, page in pages.items():
        if not page.startswith("https://"):
            raise ValueError(f"{name} must begin with https://, not {page[:60]!r}")
    return {
        "$schema": SCHEMA,
        "manifestVersion": VERSION,
        "version": release,
        "id": app_id,
        "developer": {"name": clip(publisher.company, 32), **pages},
        "name": {"short": NAME, "full": f"{NAME}: daily lessons, glossary, quiz and office hours"},
        "description": {
            "short": "Learn MLOps in minutes a day: lessons, glossary, quiz, office hours.",
            "full": _DESCRIPTION,
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": icons.ACCENT,
        "defaultInstallScope": "personal",
        "bots": [_bot(table, app_id)],
        "composeExtensions": [_extension(app_id)],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [],
    }


_DESCRIPTION = (
    "MLOps coach is a bot that teaches the practice of running machine learning models: one short lesson a day at the "
    "time you choose, a glossary that answers in one line or in depth, a weekly quiz in a channel, and office hours you "
    "book in chat. Type help to see everything it can do. It stores what you answer and how you want to learn; type "
    "privacy to see all of it. Remove the app, or type stop, and it writes to you no more."
)


def _bot(table: Table, app_id: str) -> Json:
    return {
        "botId": app_id,
        "scopes": ["personal", "team", "groupChat"],
        "isNotificationOnly": False,
        "supportsFiles": True,
        "commandLists": [
            {"scopes": ["personal"], "commands": _listed(table, PERSONAL)},
            {"scopes": ["team", "groupChat"], "commands": _listed(table, CHANNEL)},
        ],
    }


def _listed(table: Table, first: tuple[str, ...]) -> list[Json]:
    """At most ten commands every member may use, the most wanted first. A title is what the menu types."""
    open_to_all = {one.name: one for one in table.listed if one.verb is Verb.LEARN and len(one.name) <= TITLE_LIMIT}
    ranked = [name for name in first if name in open_to_all]
    ranked += [name for name in open_to_all if name not in ranked]
    return [_command(open_to_all[name]) for name in ranked[:COMMANDS_LIMIT]]


def _command(command: Command) -> Json:
    usage = f"{command.arguments}: " if command.arguments else ""
    return {"title": command.name, "description": clip(f"{usage}{command.summary}", TOLD_LIMIT)}


def _extension(app_id: str) -> Json:
    term = {"name": "term", "title": "Term", "description": "A term, an acronym or a few words", "inputType": "text"}
    define = {
        "id": "define",
        "type": "query",
        "context": ["compose", "commandBox"],
        "title": "Define",
        "description": "Look a term up and put its meaning into a message",
        "initialRun": True,
        "parameters": [term],
    }
    return {"botId": app_id, "commands": [define]}
