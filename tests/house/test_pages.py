"""The pages say what is there: every make target they name exists, links lead somewhere, decisions are short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_make_targets_exist(page):
    code = FENCE.findall(page.read_text()) + re.findall(r"`[^`\n]+`", FENCE.sub("", page.read_text()))
    named = {target for part in code for target in re.findall(r"\bmake ([a-z][a-z-]*)", part)}
    assert named <= targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    links = [link.partition("#")[0] for link in LINK.findall(FENCE.sub("", page.read_text()))]
    inside = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_readme_shows_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme


def test_every_page_is_found_from_the_index():
    seen: set[Path] = set()
    waiting = [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md" and page.is_file():
            seen.add(page)
            waiting += [(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text())]
    assert [
        page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md") if page.resolve() not in seen
    ] == []


def test_changelog_has_a_place_for_the_next_change():
    assert re.search(r"^## \[?Unreleased\]?", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_decisions_are_numbered_and_short():
    decisions = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert [page.name[:4] for page in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for page in decisions:
        text = page.read_text()
        assert text.count("\n") <= 40, page.name
        for part in ("## Context", "## Decision", "## Consequences"):
            assert part in text, (page.name, part)


def test_make_help_lists_every_target():
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == targets()


def test_generated_pages_are_current():
    """Every command, every word of the shell and every setting has its line in docs/reference."""
    made = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
