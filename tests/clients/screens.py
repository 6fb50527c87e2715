"""Every screen the tests come by, for the pictures: what Slack's journeys, Teams' journeys and the neutral ones show."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from adapters.slack import render as slack
from adapters.teams import render as teams
from bot.messages import Form, Message
from tests.adapters import samples, teams_world, test_linking, test_slack_features, test_teams_journey
from tests.adapters.both_platforms import open_both
from tests.adapters.slack_desk import open_desk
from tests.content.samples import write
from tests.contracts import reach
from tests.journeys import gallery

Screens = dict[str, Message | Form]
ROOT = Path(__file__).parents[2]
FEATURES = [
    getattr(test_slack_features, name) for name in dir(test_slack_features) if name.startswith("test_")
]  # with ``desk``
LINKING = (
    test_linking.test_linked_by_a_code_there_is_one_progress_one_lesson_a_day_and_one_set_of_settings,
    test_linking.test_who_is_not_the_one_a_code_was_for_gets_no_further,
)  # with ``both``
ON_TEAMS = (
    test_teams_journey.test_the_form_with_a_mistake_comes_back_filled_in,
    test_teams_journey.test_a_dialog_opens_shows_mistakes_and_closes,
)  # with ``teams``
NEUTRAL = (
    *(
        f"tests/journeys/test_{name}.py"
        for name in ("cohorts", "doubts", "editors", "picking", "plain_words", "privacy", "sharing")
    ),
    "tests/bot/features/test_office_hours.py",
)  # in a process of their own, for their fixtures


def collected(folder: Path) -> Screens:
    """Every different message and form, by its first words."""
    seen: dict[tuple[object, ...], Message | Form] = {("gallery",): samples.GALLERY}

    def noting(real):
        def noted(content, *more):
            seen.setdefault((_title(content), reach.shape(content)), content)
            return real(content, *more)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
        for name in ("message", "home", "modal"):
            patch.setattr(slack, name, noting(getattr(slack, name)))
        patch.setattr(teams, "_made", noting(teams._made))
        # On a thread of its own: the browser's driver keeps a loop in this one.
        with ThreadPoolExecutor(1) as apart:
            apart.submit(lambda: asyncio.run(_played(folder))).result()
    for one in _neutral(folder / "gallery.json"):
        seen.setdefault((_title(one), reach.shape(one)), one)
    return _named(seen.values())


async def _played(folder: Path) -> None:
    for at, journey in enumerate([*FEATURES, *LINKING, *ON_TEAMS]):
        here = folder / str(at)
        here.mkdir()
        if journey in LINKING:
            async with open_both(here, write(here / "pack", {})) as both:
                await journey(both)
        else:
            async with (teams_world.world if journey in ON_TEAMS else open_desk)(here) as place:
                await journey(place)


def _neutral(file: Path) -> list[Message | Form]:
    command = [sys.executable, "-m", "pytest", "-q", "-n0", *NEUTRAL]
    subprocess.run(command, cwd=ROOT, env={**os.environ, gallery.KEPT_IN: str(file)}, check=True, timeout=300)
    messages, forms = msgspec.json.decode(file.read_bytes(), type=tuple[list[Message], list[Form]])
    return [*messages, *forms]


def _title(content: Message | Form) -> str:
    return content.title if isinstance(content, Form) else content.summary


def _named(seen) -> Screens:
    found: Screens = {"gallery": samples.GALLERY}
    for one in seen:
        if one is samples.GALLERY or (isinstance(one, Message) and not one.blocks):
            continue
        name = re.sub("[^a-z0-9]+", "-", _title(one).lower())[:48].strip("-")
        number = next(at for at in range(1, 1000) if (f"{name}-{at}" if at > 1 else name) not in found)
        found[f"{name}-{number}" if number > 1 else name] = one
    return found
