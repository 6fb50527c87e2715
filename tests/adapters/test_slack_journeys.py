"""Conversations as Slack carries them: signed requests in, calls of the Web API out."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.slack_desk import Desk, open_desk, words


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        yield made


async def test_a_slash_command_is_answered_in_the_response(desk: Desk) -> None:
    answer = await desk.slash("U0LENA", "help")
    assert answer["response_type"] == "ephemeral"
    assert "define" in words(answer)
