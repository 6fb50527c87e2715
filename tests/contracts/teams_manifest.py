"""What the published schema of a Teams app manifest asks for, as far as ours uses it (version 1.19)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

GUID = r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
SCOPES = {"personal", "team", "groupChat"}
KEYS = {
    "$schema", "manifestVersion", "version", "id", "developer", "name", "description", "icons", "accentColor", "bots",
    "composeExtensions", "permissions", "validDomains", "defaultInstallScope",
}  # fmt: skip


def problems(made: Json) -> list[str]:
    return list(_problems(made))


def _problems(made: Json) -> Iterator[str]:
    yield from (f"an unknown key {key!r}" for key in made.keys() - KEYS)
    yield from (f"no {key!r}" for key in KEYS - {"defaultInstallScope"} - made.keys())
    if made["manifestVersion"] not in made["$schema"]:
        yield "the schema and the version differ"
    if not re.fullmatch(r"\d+\.\d+\.\d+", made["version"]):
        yield "the version is not of the form 1.2.3"
    if not re.fullmatch(GUID, made["id"]):
        yield "the id is no GUID"
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", made["accentColor"]):
        yield "no color"
    limits = {("name", "short"): 30, ("name", "full"): 100, ("description", "short"): 80, ("description", "full"): 4000}
    for (group, name), limit in (limits | {("developer", "name"): 32}).items():
        if not 1 <= len(made[group][name]) <= limit:
            yield f"{group}.{name} has 1 to {limit} characters"
    for name in ("websiteUrl", "privacyUrl", "termsOfUseUrl"):
        if not re.match(r"https://\S+$", made["developer"][name]):
            yield f"developer.{name} is no https address"
    for bot in made["bots"]:
        yield from _bot(bot)
    for extension in made["composeExtensions"]:
        yield from (what for command in extension["commands"] for what in _query(command))


def _bot(bot: Json) -> Iterator[str]:
    if not set(bot["scopes"]) <= SCOPES:
        yield "an unknown scope"
    told = [scope for one in bot["commandLists"] for scope in one["scopes"]]
    if len(told) != len(set(told)) or not set(told) <= set(bot["scopes"]):
        yield "a scope has one command list"
    for one in bot["commandLists"]:
        if not 1 <= len(one["commands"]) <= 10:
            yield "1 to 10 commands a list"
        for command in one["commands"]:
            if set(command) != {"title", "description"}:
                yield "a command has a title and a description"
            if not (1 <= len(command["title"]) <= 32 and 1 <= len(command["description"]) <= 128):
                yield f"too long: {command['title']!r}"


def _query(command: Json) -> Iterator[str]:
    if len(command["title"]) > 32 or len(command["description"]) > 128 or not 1 <= len(command["parameters"]) <= 5:
        yield f"the command {command['id']!r} is too long"
    if not set(command["context"]) <= {"compose", "commandBox", "message"}:
        yield "an unknown context"
