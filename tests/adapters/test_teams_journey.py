"""Whole conversations on Teams: signed activities in, cards out, through the real core and a real database."""

from __future__ import annotations

import pytest

from tests.adapters.teams_world import World, buttons, cards, direct, words, world
from tests.contracts.adaptive_cards import check


@pytest.fixture
async def teams(tmp_path):
    async with world(tmp_path) as made:
        yield made


@pytest.mark.parametrize("text", ["help", "Help", "HELP", "hi", "Hi", "Hello", "HELLO", "/mlops help", "  help "])
async def test_help_in_any_case(teams: World, text):
    shown = await teams.say(text)
    assert any("define" in words(one) for one in shown)
    for card in cards(shown):
        check(card)
