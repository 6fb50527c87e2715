"""How a serving process begins: what it takes over, and what it leaves to others."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from adapters.wiring import serving


class Calls:
    """Stands for the drainer, the ticker and the rest, and keeps what was asked of them."""

    def __init__(self):
        self.made = []

    def __getattr__(self, name):
        async def call(*_given):
            self.made.append(name)

        return call


@pytest.mark.parametrize("is_shared", [False, True])
async def test_only_the_sole_process_takes_over_every_claim(is_shared):
    """Beside another process its calls under way would be sent a second time."""
    calls = Calls()
    store = SimpleNamespace(is_shared=is_shared, close=lambda: None)
    system = SimpleNamespace(
        store=store, drainer=calls, ticker=calls, housekeeping=calls, clock=lambda: datetime.now(UTC)
    )
    async with serving._living(system, [], Starlette()):  # type: ignore[arg-type]
        pass
    assert ("take_over" in calls.made) is not is_shared
