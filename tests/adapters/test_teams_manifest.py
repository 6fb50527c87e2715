"""The app package: as the published schema wants it, from the table of commands, the same every time."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import pytest

from adapters.teams import icons
from adapters.teams.manifest import Publisher, manifest, package
from bot.features import FEATURES
from bot.router import table
from tests.contracts.teams_manifest import problems
from tests.faults.teams_platform import APP_ID

ACME = Publisher("Acme", "https://acme.example", "https://acme.example/privacy", "https://acme.example/terms")


def test_the_manifest_is_what_the_schema_wants():
    commands = table(FEATURES)
    made = manifest(commands, APP_ID, "0.1.0", ACME)
    assert problems(made) == []
    for listed in made["bots"][0]["commandLists"]:
        titles = [one["title"] for one in listed["commands"]]
        assert titles[0] == "help"
        assert all(commands.find(title.upper()) for title in titles)  # what is listed works, in any case
    assert made["composeExtensions"][0]["commands"][0]["id"] == "define"


def test_no_other_chat_platform_is_named():
    assert "slack" not in json.dumps(manifest(table(FEATURES), APP_ID, "0.1.0", ACME)).casefold()


def test_the_package_is_the_same_every_time_and_holds_its_icons():
    made = package(table(FEATURES), APP_ID, "0.1.0", ACME)
    assert made == package(table(FEATURES), APP_ID, "0.1.0", ACME)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert sorted(archive.namelist()) == ["color.png", "manifest.json", "outline.png"]
        named = json.loads(archive.read("manifest.json"))["icons"]
        assert set(named.values()) <= set(archive.namelist())


@pytest.mark.parametrize(("data", "size"), [(icons.color(), 192), (icons.outline(), 32)])
def test_an_icon_is_a_png_of_its_size(data, size):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (size, size)
    length = struct.unpack(">I", data[33:37])[0]
    pixels = zlib.decompress(data[41 : 41 + length])
    assert len(pixels) == size * (1 + 4 * size)
    if size == 32:  # nothing but white and transparent
        colors = {pixels[at : at + 4] for row in range(32) for at in range(row * 129 + 1, row * 129 + 129, 4)}
        assert colors == {b"\xff\xff\xff\xff", b"\xff\xff\xff\x00"}


def test_pages_without_https_are_refused():
    with pytest.raises(ValueError, match="https"):
        manifest(table(FEATURES), APP_ID, "0.1.0", Publisher("Acme", "http://acme.example", "", ""))
