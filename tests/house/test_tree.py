"""The tree keeps its shape: sizes, names, one line of purpose a module, and nothing of this machine in it."""

import ast
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
RINGS = ("bot", "content", "storage", "scheduler", "adapters")
BANNED_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}
GENERATED = (
    ".venv",
    "__pycache__",
    "node_modules",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "build",
    "var",
)
LARGEST = 1_000_000  # bytes; a screenshot fits

# Written in pieces, so that this file does not hold what it forbids.
INDEX = re.compile(
    r"py"
    r"pi\.org|python"
    r"hosted\.org|registry\.npm"
    r"js|deb\.debian"
    r"\.org|--(?:extra-)?index-"
    r"url[= ]+\S|https?://[^\s\"]*/simp"
    r"le/"
)
MACHINE = re.compile(r"(?<![\w.:/])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+)/")


@cache
def tracked() -> tuple[Path, ...]:
    """What is committed or about to be, as it is on disk."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def ours(*suffixes: str) -> list[Path]:
    return [path for path in tracked() if path.suffix in suffixes and not generated(path)]


def generated(path: Path) -> bool:
    return any(part in GENERATED for part in path.relative_to(ROOT).parts)


def in_ring(path: Path, *more: str) -> bool:
    return path.relative_to(ROOT).parts[0] in {*RINGS, *more}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_nothing_generated_or_huge_is_tracked():
    assert [name(path) for path in tracked() if generated(path)][:5] == []
    assert [name(path) for path in tracked() if path.stat().st_size > LARGEST] == []


def test_files_are_short():
    limits = [
        (path, 600 if path.relative_to(ROOT).parts[0] == "tests" else 400)
        for path in ours(".py", ".js", ".css", ".html", ".j2")
        if "versions" not in path.parts  # a migration is generated, and as long as the schema
    ]
    long = {name(path): lines for path, limit in limits if (lines := path.read_text().count("\n")) > limit}
    assert long == {}, "a file that grows past its limit becomes a folder of the same name"


def test_modules_are_nouns_of_the_trade():
    assert [
        name(path) for path in ours(".py", ".js") if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES
    ] == []


def test_every_module_says_what_it_is_for():
    silent = []
    for path in ours(".py"):
        if in_ring(path, "bench", "docs") and "migrations" not in path.parts:
            source = path.read_text()
            if source.strip() and not ast.get_docstring(ast.parse(source)):
                silent.append(name(path))
    assert silent == []


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in ours(".py") if in_ring(path) and "migrations" not in path.parts}
    assert [name(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_a_package_holds_every_file_of_the_rings():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert {pattern.removesuffix(".*") for pattern in settings["packages"]["find"]["include"]} == set(RINGS)
    left_out = []
    for path in tracked():
        if not in_ring(path) or (path.suffix == ".py" and "migrations" not in path.parts):
            continue
        ring, *rest = path.relative_to(ROOT).parts
        inside = "/".join(rest)
        patterns = settings["package-data"].get(ring, [])
        if not any(fnmatch(inside, pattern.replace("**/*", "*")) for pattern in patterns):
            left_out.append(name(path))
    assert left_out == [], "add them to tool.setuptools.package-data, or pip install . loses them"


def test_no_index_and_no_machine_is_named():
    found = []
    for path in tracked():
        if generated(path) or path.suffix in {".png", ".ico", ".woff2", ".gif"}:
            continue
        text = path.read_text(errors="replace")
        found += [f"{name(path)}: {match.group()}" for pattern in (INDEX, MACHINE) for match in pattern.finditer(text)]
    assert found == []


def test_requirements_are_pinned_with_hashes():
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        pins = re.findall(r"^([A-Za-z0-9][\w.\[\]-]*)==\S+.*?(?=^\S|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)
        assert pins, path.name
        for block in re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE):
            assert not block.strip() or block.startswith("#") or "--hash=sha256:" in block, block[:80]


def test_run_requirements_hold_no_licence_that_spreads():
    assert "psycopg" not in (ROOT / "requirements/run.txt").read_text(), (
        "psycopg is LGPL: an extra, chosen by whoever installs"
    )
