"""What imports cannot show, ruff bans: the clock, chance and waiting, in the rings that must not have them."""

import json
import subprocess
import sys
import tomllib
from collections import defaultdict

import pytest

from tests.house.check.planting import ROOT, copy_tree, plant

BANNED = sorted(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
)
GUARDED = ("bot/domain", "bot/features", "content", "storage")
FREE = ("adapters/slack", "scheduler")
WRITINGS = {
    "relative": ("from . import errors", "TID252"),
    "naive": ("from datetime import datetime\n\nX = datetime(2026, 1, 1)", "DTZ001"),
    "printed": ("print()", "T201"),
    "dead": ("# x = compute(1)\n# return x", "ERA001"),
    "blind": ("try:\n    X = 1\nexcept Exception:\n    X = 2", "BLE001"),
}


def use(api: str) -> str:
    """Two ways to reach a banned name: through its module, and imported by itself."""
    module, _, thing = api.rpartition(".")
    if api == "urllib.request":
        return "import urllib.request\nfrom urllib import request\n\nX = urllib.request\nY = request"
    if "." in module:  # a method of a class
        module, _, kind = module.rpartition(".")
        return f"import {module} as m\nfrom {module} import {kind}\n\nX = m.{kind}.{thing}\nY = {kind}.{thing}"
    return f"import {module} as m\nfrom {module} import {thing}\n\nX = m.{thing}\nY = {thing}"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Rules by planted file, from one run over everything that was planted."""
    tree = copy_tree(tmp_path_factory.mktemp("banned"))
    planted = {f"{ring}/planted_{at}.py": use(api) for ring in GUARDED + FREE for at, api in enumerate(BANNED)}
    planted |= {f"bot/domain/planted_{name}.py": lines for name, (lines, _) in WRITINGS.items()}
    plant(tree, planted)
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=json", *planted]
    said = subprocess.run(command, check=False, cwd=tree, capture_output=True, text=True)
    rules = defaultdict(list)
    for finding in json.loads(said.stdout):
        rules[finding["filename"].removeprefix(f"{tree.resolve()}/")].append(finding["code"])
    return rules


@pytest.mark.parametrize("ring", GUARDED)
@pytest.mark.parametrize("api", BANNED)
def test_a_banned_call_is_caught(found, ring, api):
    assert found[f"{ring}/planted_{BANNED.index(api)}.py"].count("TID251") >= 2


@pytest.mark.parametrize("ring", FREE)
def test_machine_time_lives_outside(found, ring):
    assert [at for at in range(len(BANNED)) if "TID251" in found[f"{ring}/planted_{at}.py"]] == []


@pytest.mark.parametrize("name", WRITINGS)
def test_a_bad_habit_is_caught(found, name):
    assert WRITINGS[name][1] in found[f"bot/domain/planted_{name}.py"]
