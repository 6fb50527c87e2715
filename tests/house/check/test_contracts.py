"""Every import contract bites: one violation of each is planted in a copy of the tree and has to be named."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.check.planting import ROOT, copy_tree, plant

CONTRACTS = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def every(contract: str) -> tuple[str, list[str]]:
    forbidden = CONTRACTS[contract]["forbidden_modules"]
    return "\n".join(f"import {module}" for module in forbidden), forbidden


CORE, CORE_LIST = every("the core does no input or output")
CONTENT, CONTENT_LIST = every("content reads files and nothing else")
PURE, PURE_LIST = every("reading and rendering are pure")
SQL, SQL_LIST = every("only storage and wiring speak SQL")

# (contract, file, what is planted there, what lint-imports has to say about it)
PLANTS = [
    ("rings point inward", "bot/domain/planted_ring.py", "import storage", ["bot.domain.planted_ring -> storage"]),
    ("rings point inward", "storage/planted_stranger.py", "import content", ["storage.planted_stranger -> content"]),
    ("rings point inward", "content/planted_stranger.py", "import scheduler", ["content.planted_stranger -> scheduler"]),
    ("rings point inward", "scheduler/planted_up.py", "import adapters", ["scheduler.planted_up -> adapters"]),
    ("rings inside bot", "bot/domain/planted_up.py", "import bot.messages", ["bot.domain.planted_up -> bot.messages"]),
    ("rings inside bot", "bot/messages/planted.py", "import bot.markdown", ["bot.messages.planted -> bot.markdown"]),
    ("rings inside bot", "bot/ports/planted_up.py", "import bot.router", ["bot.ports.planted_up -> bot.router"]),
    ("rings inside bot", "bot/asking/planted_up.py", "import bot.features", ["bot.asking.planted_up -> bot.features"]),
    ("rings inside bot", "bot/router/planted.py", "import bot.features", ["bot.router.planted -> bot.features"]),
    ("rings inside bot", "bot/features/planted_up.py", "import bot.app", ["bot.features.planted_up -> bot.app"]),
    ("rings inside bot", "bot/stray.py", "", ["bot.stray"]),
    ("rings inside adapters", "adapters/slack/planted_peer.py", "import adapters.teams", ["adapters.slack.planted_peer -> adapters.teams"]),
    ("rings inside adapters", "adapters/local/planted_up.py", "import adapters.wiring", ["adapters.local.planted_up -> adapters.wiring"]),
    ("rings inside adapters", "adapters/calendar/planted.py", "import adapters.mail", ["adapters.calendar.planted -> adapters.mail"]),
    ("rings inside adapters", "adapters/stray.py", "", ["adapters.stray"]),
    ("features are strangers", "bot/features/planted_one/kinds.py", "import bot.features.planted_two",
     ["bot.features.planted_one.kinds -> bot.features.planted_two"]),
    ("the core does no input or output", "bot/domain/planted_io.py", CORE, [f"bot.domain.planted_io -> {name}" for name in CORE_LIST]),
    ("content reads files and nothing else", "content/planted_io.py", CONTENT, [f"content.planted_io -> {name}" for name in CONTENT_LIST]),
    ("reading and rendering are pure", "adapters/planted/read.py", PURE, [f"adapters.planted.read -> {name}" for name in PURE_LIST]),
    ("reading and rendering are pure", "adapters/planted/render/cards.py", PURE, [f"adapters.planted.render.cards -> {name}" for name in PURE_LIST]),
    ("only storage and wiring speak SQL", "scheduler/planted_sql.py", SQL, [f"scheduler.planted_sql -> {name}" for name in SQL_LIST]),
    ("only storage and wiring speak SQL", "adapters/slack/planted_sql.py", SQL, [f"adapters.slack.planted_sql -> {name}" for name in SQL_LIST]),
    ("only scheduler.clockwork imports APScheduler", "scheduler/planted_timer.py", "import apscheduler.schedulers",
     ["scheduler.planted_timer -> apscheduler"]),
    ("only bot.domain.reviews imports fsrs", "bot/domain/planted_memory.py", "import fsrs", ["bot.domain.planted_memory -> fsrs"]),
    ("only bot.domain.holidays imports holidays", "storage/planted_days.py", "import holidays", ["storage.planted_days -> holidays"]),
    ("only adapters.teams imports botbuilder", "adapters/slack/planted_teams.py", "import botbuilder.core\nimport botframework.connector",
     ["adapters.slack.planted_teams -> botbuilder", "adapters.slack.planted_teams -> botframework"]),
    ("only adapters.slack imports Slack's libraries", "adapters/teams/planted_slack.py", "import slack_bolt\nimport slack_sdk.web",
     ["adapters.teams.planted_slack -> slack_bolt", "adapters.teams.planted_slack -> slack_sdk"]),
    ("only adapters.metrics imports Prometheus's library", "adapters/slack/planted_counts.py", "import prometheus_client",
     ["adapters.slack.planted_counts -> prometheus_client"]),
    ("no circles", "storage/planted_egg.py", "import storage.planted_hen", ["planted_hen"]),
]  # fmt: skip
COMPANIONS = {  # what the plants import has to be there
    "bot/app.py": "",
    "adapters/mail.py": "",
    "bot/features/planted_two.py": "",
    "storage/planted_hen.py": "import storage.planted_egg",
}
ALLOWED = {
    "scheduler/clockwork.py": "import apscheduler.schedulers",
    "bot/domain/reviews.py": "import fsrs",
    "adapters/metrics.py": "import prometheus_client",
    "bot/domain/holidays.py": "import holidays",
    "adapters/wiring/planted_sql.py": "import sqlalchemy",
    "adapters/teams/app.py": "import botbuilder.core",
    "adapters/slack/app.py": "import slack_bolt",
    "storage/planted_sql.py": "import sqlalchemy",
    "content/planted_files.py": "import pathlib",
}


def lint(tree: Path) -> str:
    """What lint-imports says about a tree, as one line a contract and one section a broken contract."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    done = subprocess.run(command, check=False, cwd=tree, capture_output=True, text=True)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    tree = copy_tree(tmp_path_factory.mktemp("planted"))
    plant(tree, {name: lines for _, name, lines, _ in PLANTS})
    plant(tree, COMPANIONS)
    return lint(tree)


def section(verdict: str, contract: str) -> str:
    parts = re.split(r"^(.+)\n-{3,}\n", verdict.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(contract, "")


def test_every_contract_has_a_plant():
    assert {contract for contract, *_ in PLANTS} == set(CONTRACTS)


@pytest.mark.parametrize(
    ("contract", "file", "evidence"),
    [(plant[0], plant[1], plant[3]) for plant in PLANTS],
    ids=[plant[1] for plant in PLANTS],
)
def test_a_planted_import_breaks_its_contract(verdict, contract, file, evidence):
    assert f"{contract} BROKEN" in verdict
    said = section(verdict, contract)
    missing = [line for line in evidence if not re.search(re.escape(line) + r"(?![\w])", said)]
    assert missing == [], said


def test_what_is_allowed_breaks_nothing(tmp_path):
    tree = copy_tree(tmp_path)
    plant(tree, ALLOWED)
    verdict = lint(tree)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken" in verdict, verdict
