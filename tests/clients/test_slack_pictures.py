"""Pictures of every Slack screen of the journeys, drawn by npm ``slack-blocks-to-jsx``, for a person to look at."""

import asyncio
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.adapters import test_slack_features as features
from tests.adapters.slack_desk import open_desk
from tests.contracts import block_kit

NPM = Path(__file__).parent / "npm"
JOURNEYS = [getattr(features, name) for name in dir(features) if name.startswith("test_")]


async def _played(folder):
    for at, journey in enumerate(JOURNEYS):
        (folder / str(at)).mkdir()
        async with open_desk(folder / str(at)) as desk:
            await journey(desk)


@pytest.fixture
def screens(tmp_path, monkeypatch):
    """Every different screen, by its first words."""
    seen = []
    real = block_kit.check

    def noted(payload):
        seen.append(payload)
        real(payload)

    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
    monkeypatch.setattr(block_kit, "check", noted)
    # On a thread of its own: the browser's driver keeps a loop in this one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(_played(tmp_path))).result()
    named: dict[str, list] = {}
    for payload in seen:
        title = payload.get("text") or payload.get("title", {}).get("text") or "home"
        name = f"{payload.get('type', 'message')}-{re.sub('[^a-z0-9]+', '-', title.lower())[:40].strip('-')}"
        named.setdefault(name, payload["blocks"])
    return named


def test_every_screen_is_drawn(screens, page, screenshots, tmp_path):
    wanted = tmp_path / "screens.json"
    wanted.write_text(json.dumps([{"name": name, "blocks": blocks} for name, blocks in screens.items()]))
    drawn = subprocess.run(
        ["node", "pictures.mjs", str(wanted)], cwd=NPM, check=True, capture_output=True, text=True, timeout=60
    )
    page.set_viewport_size({"width": 680, "height": 900})
    page.set_content(drawn.stdout)
    assert len(screens) > 20
    for name, blocks in screens.items():
        section = page.locator(f"section[id='{name}']")
        shown = section.inner_text()
        for block in blocks:
            if block["type"] == "header":
                assert block["text"]["text"] in shown
        for button in block_kit.walk(blocks):
            if button.get("type") == "button":
                assert button["text"]["text"] in shown
        section.screenshot(path=screenshots / f"slack-{name}.png")
