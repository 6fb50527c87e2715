"""Every wording the code asks for is written, and every wording that is written is asked for."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

from bot.domain.office_hours import Outcome
from bot.domain.privacy import Share
from content.texts import JinjaTexts

ROOT = Path(__file__).parents[3]
KEYS = frozenset(JinjaTexts().keys())
FEATURES = {key.partition(".")[0] for key in KEYS}
ASKS = {"say", "render", "Refusal", "_told", "_refusing", "_said", "refuse", "words", "told"}


@cache
def sources():
    """(path, tree) of every file that may say something."""
    paths = [path for folder in ("bot", "adapters") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [(path, ast.parse(path.read_text())) for path in paths]


def is_key(value):
    return isinstance(value, str) and bool(re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", value))


def asked():
    """(file, key) of every literal key handed to something that says it, also by ``a if b else c``."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ASKS:
                for argument in node.args:
                    chosen = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                    for one in chosen:
                        if isinstance(one, ast.Constant) and is_key(one.value):
                            yield path, str(one.value)


def families():
    """(file, prefix) of every key that is put together: ``f"digest.withheld_{...}"``."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                prefix = str(node.values[0].value)
                if re.fullmatch(r"[a-z_]+\.[a-z_0-9]*", prefix) and prefix.partition(".")[0] in FEATURES:
                    yield path, prefix


def constants():
    """Every string in the code, by the file it stands in."""
    return {
        path: {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        for path, tree in sources()
    }


def test_every_key_that_is_asked_for_is_written():
    found = {(str(path.relative_to(ROOT)), key) for path, key in asked() if key.partition(".")[0] in FEATURES}
    assert not {(path, key) for path, key in found if key not in KEYS}
    assert len(found) > 100


def test_every_family_has_members():
    found = set(families())
    assert found
    for path, prefix in found:
        assert any(key.startswith(prefix) for key in KEYS), (path.name, prefix)


def test_every_wording_is_asked_for():
    words = constants()
    said = {word for found in words.values() for word in found}
    used = set(KEYS & said)
    for path, prefix in families():
        feature, _, start = prefix.partition(".")
        if start:
            used |= {key for key in KEYS if key.startswith(prefix)}
            continue
        # The whole name is a value: it must stand in the code of that feature.
        near = {word for other, found in words.items() if feature in str(other) or other == path for word in found}
        used |= {key for key in KEYS if key.partition(".")[0] == feature and key.partition(".")[2] in near}
    assert not KEYS - used


def test_families_cover_what_the_code_can_put_in():
    reasons = get_args(get_args(get_type_hints(Share)["withheld"])[0])
    assert {f"digest.withheld_{one}" for one in reasons} <= KEYS
    tree = ast.parse((ROOT / "bot" / "domain" / "digests.py").read_text())
    suggested = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_suggested")
    actions = {node.value.value for node in ast.walk(suggested) if isinstance(node, ast.Return)}  # type: ignore[union-attr]
    assert {f"digest.action_{one}" for one in actions} <= KEYS
    assert {f"office_hours.not_{one.value}" for one in Outcome if one is not Outcome.BOOKED} <= KEYS
