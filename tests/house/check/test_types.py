"""The types bite: a block that a renderer forgot, an answer nobody awaited, a name that may not be set."""

import subprocess
import sys

import pytest

from tests.house.check.planting import copy_tree, plant

SAMPLE = '''"""Planted mistakes, one a function."""

import asyncio
from typing import override

from bot.messages import Block, Heading, Planted, Text


def forgets(block: Block) -> str:
    match block:
        case Heading():
            return "heading"
        case Text():
            return "text"


async def drops() -> None:
    asyncio.gather()


def may_not_set(ready: bool) -> int:
    if ready:
        found = 1
    return found


def always_true(block: Planted) -> bool:
    return bool(block) and not block


class Named:
    def name(self) -> str:
        return ""


class Renamed(Named):
    def name(self) -> str:
        return "x"
'''.replace("from typing import override\n\n", "\n")
CODES = ("exhaustive-match", "unused-awaitable", "possibly-undefined", "truthy-bool", "explicit-override")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = copy_tree(tmp_path_factory.mktemp("typed"))
    plant(tree, {"bot/domain/planted_types.py": SAMPLE})
    messages = tree / "bot/messages.py"
    text = messages.read_text()
    assert "\nBlock = (\n" in text, "the closed union of blocks has another form now: plant the new block there"
    block = 'class Planted(Part, frozen=True):\n    """A new block."""\n\n\nBlock = (\n    Planted |'
    messages.write_text(text.replace("\nBlock = (\n", f"\n{block}\n", 1))
    return tree


@pytest.fixture(scope="module")
def said(tree):
    renderers = sorted(path.relative_to(tree).as_posix() for path in tree.glob("adapters/*/render*"))
    command = [sys.executable, "-m", "mypy", "--cache-dir=.mypy_cache", "bot/domain/planted_types.py", *renderers]
    return subprocess.run(command, check=False, cwd=tree, capture_output=True, text=True).stdout


@pytest.mark.parametrize("code", CODES)
def test_a_planted_mistake_is_caught(said, code):
    assert any(line.startswith("bot/domain/planted_types.py") and f"[{code}]" in line for line in said.splitlines()), (
        said
    )


def test_a_new_block_is_an_error_in_every_renderer(tree, said):
    platforms = {path.relative_to(tree).parts[1] for path in tree.glob("adapters/*/render*")}
    caught = {
        line.split("/")[1]
        for line in said.splitlines()
        if line.startswith("adapters/") and "[exhaustive-match]" in line
    }
    assert platforms <= caught, said
