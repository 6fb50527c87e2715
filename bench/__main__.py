"""``python -m bench [NAME ...]``: run the benchmarks, all or by name."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "figures")
    wanted = sys.argv[1:] or names
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        raise SystemExit(f"There is no benchmark called {', '.join(unknown)}. There are: {', '.join(names)}.")
    packages = " ".join(f"{one} {version(one)}" for one in ("sqlalchemy", "starlette", "msgspec"))
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {packages}")
    for name in wanted:
        import_module(f"bench.{name}").run()


main()
