"""Copies the tree, so that a test may plant a violation in it and see who catches it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[3]
RINGS = ("bot", "content", "storage", "scheduler", "adapters")


def copy_tree(target: Path) -> Path:
    """The Python of the five rings and the settings of the tools, in ``target``."""
    for ring in RINGS:
        shutil.copytree(ROOT / ring, target / ring, ignore=shutil.ignore_patterns("__pycache__", "packs", "static"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def plant(tree: Path, files: dict[str, str]) -> None:
    """Append the lines to each file; whatever is missing is made, and a module with something inside becomes a package."""
    for name, lines in files.items():
        path = tree / name
        for folder in reversed(path.parents[: len(Path(name).parents) - 1]):
            folder.mkdir(exist_ok=True)
            if (module := folder.with_suffix(".py")).is_file():
                module.rename(folder / "__init__.py")
            (folder / "__init__.py").touch()
        if not path.with_suffix("").is_dir():
            with path.open("a", encoding="utf-8") as file:
                file.write("\n" + lines + "\n")
