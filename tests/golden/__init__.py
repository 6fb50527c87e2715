"""Golden files: what a screen looked like when a person last looked. ``MLOPS_UPDATE_GOLDEN=1`` writes them anew."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def assert_golden(name: str, data: Any) -> None:
    """Compare with ``tests/golden/<name>.json``; on a difference, fail with it as a diff."""
    path = FOLDER / f"{name}.json"
    now = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("MLOPS_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8")
        return
    assert path.exists(), f"{path.name} does not exist yet: run once with MLOPS_UPDATE_GOLDEN=1 and look at it"
    then = path.read_text(encoding="utf-8")
    diff = difflib.unified_diff(then.splitlines(), now.splitlines(), "golden", "now", lineterm="", n=3)
    assert then == now, "\n".join([f"{name} has changed (MLOPS_UPDATE_GOLDEN=1 accepts it):", *diff])
