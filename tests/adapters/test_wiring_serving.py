"""How a serving process begins: what it takes over, and what it leaves to others."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.wiring import serving
from adapters.wiring.database import alone
from adapters.wiring.system import Unusable


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
    async with serving._running(system, [], Path()):  # type: ignore[arg-type]
        pass
    assert ("take_over" in calls.made) is not is_shared


def test_a_second_process_does_not_serve_the_same_file(tmp_path):
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    with alone(url), pytest.raises(Unusable, match="Another process"), alone(url):
        pass
    with alone(url):
        pass


@pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg://coach@127.0.0.1/coach"])
def test_what_is_shared_or_in_memory_is_nobodys_alone(url):
    with alone(url), alone(url):
        pass
