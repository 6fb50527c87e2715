"""The manifest of the Teams app against the schema Microsoft publishes for the version it names."""

import json
import subprocess
from pathlib import Path

import pytest

from adapters.teams.manifest import manifest
from bot.features import FEATURES
from bot.router import table
from tests.adapters.test_teams_manifest import ACME
from tests.faults.teams_platform import APP_ID

NPM = Path(__file__).parent / "npm"


@pytest.fixture
def faults(tmp_path):
    def found(made):
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(made))
        command = ["node", "manifest.mjs", str(file)]
        done = subprocess.run(command, cwd=NPM, check=True, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    return found


def test_the_manifest_is_valid(faults):
    made = manifest(table(FEATURES), APP_ID, "0.1.0", ACME)
    assert faults(made) == []
    assert faults({**made, "accentColor": "blue", "colour": 1})


@pytest.mark.parametrize("bad", [{"id": "x"}, {"validDomains": [7]}, {"bots": [{}]}, {"icons": {}}, {"version": 1}])
def test_what_is_wrong_is_found(faults, bad):
    assert faults({**manifest(table(FEATURES), APP_ID, "0.1.0", ACME), **bad})
