"""How a serving process begins: what it takes over, and what it leaves to others."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from adapters.cli import app
from adapters.settings import Settings
from adapters.wiring import serving
from adapters.wiring.database import alone
from adapters.wiring.serving import Role
from adapters.wiring.system import Unusable


class Calls:
    """Stands for the drainer, the ticker and the rest, and keeps what was asked of them."""

    def __init__(self):
        self.made = []

    def __getattr__(self, name):
        async def call(*_given):
            self.made.append(name)

        return call


async def lived(role, *, is_shared):
    """What a process of this role asked of its parts from start to stop, and whether it listened."""
    calls, listened = Calls(), []
    wakeups = SimpleNamespace(start=lambda *, listen: listened.append(listen))
    store = SimpleNamespace(is_shared=is_shared, close=lambda: None, wakeups=wakeups)
    system = SimpleNamespace(
        store=store, drainer=calls, ticker=calls, housekeeping=calls, clock=lambda: datetime.now(UTC)
    )
    async with serving._running(system, [], role, serving.Pulse(), Path(), None):  # type: ignore[arg-type]
        pass
    return calls.made, listened


@pytest.mark.parametrize("is_shared", [False, True])
async def test_only_the_sole_process_takes_over_every_claim(is_shared):
    """Beside another process its calls under way would be sent a second time."""
    made, _ = await lived(Role.BOTH, is_shared=is_shared)
    assert ("take_over" in made) is not is_shared


@pytest.mark.parametrize(("role", "sends"), [(Role.BOTH, True), (Role.SENDS, True), (Role.ANSWERS, False)])
async def test_a_process_that_only_answers_sends_nothing_and_tells_the_others(role, sends):
    made, listened = await lived(role, is_shared=True)
    assert ("serve" in made) is sends
    assert listened == [sends]


@pytest.mark.parametrize("role", [Role.ANSWERS, Role.SENDS])
def test_sqlite_is_one_process_and_says_so(role, tmp_path):
    own = Settings(
        database_url=f"sqlite:///{tmp_path}/coach.db", slack_bot_token="xoxb-1", slack_signing_secret="0" * 32
    )
    with pytest.raises(Unusable, match=r"run `mlops-coach serve` alone, or use PostgreSQL"):
        serving.serving(own, role)
    assert list(tmp_path.iterdir()) == []


def test_a_second_server_of_a_file_ends_with_a_sentence_before_it_touches_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    monkeypatch.setenv("MLOPS_DATABASE_URL", url)
    monkeypatch.setenv("MLOPS_SLACK_BOT_TOKEN", "xoxb-1")
    with alone(url):
        done = CliRunner().invoke(app, ["serve", "--port", "0"])
    assert done.exit_code == 1
    assert "Stop that one first; for several processes use PostgreSQL" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["coach.db.lock"]


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
