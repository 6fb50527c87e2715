"""What Teams refuses or spoils: our own checks of Adaptive Cards (version 1.5, with the extensions of Teams)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

ELEMENTS = {
    "AdaptiveCard",
    "ActionSet",
    "Column",
    "ColumnSet",
    "Container",
    "Image",
    "RichTextBlock",
    "Table",
    "TableCell",
    "TableRow",
    "TextBlock",
    "TextRun",
}  # fmt: skip
INPUTS = {"Input.Text", "Input.ChoiceSet", "Input.Date", "Input.Time", "Input.Number"}
ACTIONS = {"Action.Execute", "Action.Submit", "Action.OpenUrl"}
EXTENSIONS = {"Chart.Line", "Chart.VerticalBar", "Chart.VerticalBar.Grouped", "Chart.Pie", "CodeBlock"}
OTHERS = {"Data.Query"}
# What version 1.5 knows of them, as far as we use it; tests/clients asks the same of the library that draws the cards.
EVERY = {"type", "id", "spacing", "separator", "fallback"}
INPUT = EVERY | {"label", "isRequired", "errorMessage", "value"}
ACTION = {"type", "id", "title", "style", "fallback"}
PROPERTIES = {
    "AdaptiveCard": {"type", "$schema", "version", "fallbackText", "body"},
    "ActionSet": EVERY | {"actions"},
    "Column": EVERY | {"items", "width"},
    "ColumnSet": EVERY | {"columns"},
    "Container": EVERY | {"items", "style"},
    "Image": EVERY | {"url", "altText", "msteams"},
    "RichTextBlock": EVERY | {"inlines"},
    "Table": EVERY | {"columns", "rows"},
    "TableCell": {"type", "items"},
    "TableRow": {"type", "cells"},
    "TextBlock": EVERY | {"text", "style", "size", "weight", "wrap", "isSubtle"},
    "TextRun": {"type", "text", "size", "weight", "isSubtle", "italic", "fontType", "color", "underline", "selectAction"},
    "Input.Text": INPUT | {"isMultiline", "maxLength"},
    "Input.Date": INPUT,
    "Input.Time": INPUT,
    "Input.Number": INPUT | {"min", "max"},
    "Input.ChoiceSet": INPUT | {"style", "isMultiSelect", "placeholder", "choices", "choices.data"},  # the last is Teams' own in 1.5
    "Action.Execute": ACTION | {"verb", "data", "associatedInputs"},
    "Action.Submit": ACTION | {"data", "associatedInputs"},
    "Action.OpenUrl": ACTION | {"url"},
}  # fmt: skip
SCHEMES = ("https://", "http://", "mailto:")
SIZE = 40 * 1024


def check(card: Json) -> None:
    """Fail with every problem at once."""
    found = problems(card)
    assert not found, "\n".join(found)


def problems(card: Json) -> list[str]:
    """Why this card might be refused or shown wrongly."""
    found = list(_frame(card))
    shown = list(walk(card))
    for part in shown:
        found += _part(part)
    ids = Counter(part["id"] for part in shown if "id" in part)
    found += [f"the id {name!r} is there {count} times" for name, count in ids.items() if count > 1]
    pressed = [part for part in shown if part.get("type") in {"Action.Execute", "Action.Submit"}]
    if len(pressed) > 6:
        found.append(f"{len(pressed)} actions, at most 6")
    return found


def walk(made: Any, *, fallbacks: bool = False) -> Iterator[Json]:
    """Every dictionary of a card; what stands in a fallback is shown instead of its owner, so it is left out unless asked."""
    if isinstance(made, dict):
        yield made
        for key, value in made.items():
            if key not in {"fallback", "data", "msteams"} or (fallbacks and key == "fallback"):
                yield from walk(value, fallbacks=fallbacks)
    elif isinstance(made, list):
        for one in made:
            yield from walk(one, fallbacks=fallbacks)


def actions(shown: Any) -> Iterator[tuple[str, Json]]:
    """Title and data of everything that can be pressed: of a select of buttons, each with its button's data merged in."""
    parts = list(walk(shown))
    inputs = {one["id"]: one for one in parts if str(one.get("type", "")).startswith("Input.")}
    for one in parts:
        if one.get("type") in {"Action.Execute", "Action.Submit"}:
            data = one["data"]
            if "menu" in data:
                yield from (
                    (pick["title"], {**data, data["menu"]: pick["value"]}) for pick in inputs[data["menu"]]["choices"]
                )
            else:
                yield one["title"], data


def without_extensions(made: Any) -> Any:
    """The card as a client without the extensions sees it: each is replaced by its fallback."""
    if isinstance(made, dict):
        if made.get("type") in EXTENSIONS:
            return without_extensions(made["fallback"])
        return {key: without_extensions(value) for key, value in made.items()}
    return [without_extensions(one) for one in made] if isinstance(made, list) else made


def _frame(card: Json) -> Iterator[str]:
    if card.get("type") != "AdaptiveCard" or card.get("version") != "1.5":
        yield "no Adaptive Card 1.5"
    if not card.get("fallbackText"):
        yield "no fallbackText"
    size = len(json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le"))
    if size > SIZE:
        yield f"{size} bytes, at most {SIZE}"


def _part(part: Json) -> Iterator[str]:
    kind = part.get("type")
    if kind in PROPERTIES and (unknown := part.keys() - PROPERTIES[kind]):
        yield f"{kind} has no {', '.join(sorted(unknown))}"
    if kind in INPUTS:
        yield from _input(part)
    elif kind in ACTIONS:
        yield from _action(part)
    elif kind in EXTENSIONS:
        yield from _extension(part)
    elif kind in ELEMENTS:
        yield from _element(part)
    elif kind is not None and kind not in OTHERS:
        yield f"an unknown type {kind!r}"


def _element(part: Json) -> Iterator[str]:
    kind = part["type"]
    if kind == "Image" and not (part.get("altText") and part.get("url", "").startswith(SCHEMES)):
        yield "an image without altText or address"
    if kind == "TextBlock" and not (part.get("text") and part.get("wrap")):
        yield f"a TextBlock that is empty or does not wrap: {part!r}"
    if kind == "TextRun" and not part.get("text"):
        yield "an empty TextRun"
    if kind == "RichTextBlock" and not part.get("inlines"):
        yield "an empty RichTextBlock"
    if kind == "ActionSet" and not 1 <= len(part.get("actions", [])) <= 6:
        yield "an ActionSet has 1 to 6 actions"
    if kind == "Table" and any(len(row["cells"]) != len(part["columns"]) for row in part["rows"]):
        yield "a row without one cell a column"


def _input(part: Json) -> Iterator[str]:
    if not part.get("id") or not part.get("label"):
        yield f"an input without id or label: {part!r}"
    if part.get("isRequired") and not part.get("errorMessage"):
        yield f"the required input {part.get('id')!r} has no errorMessage"
    if part["type"] == "Input.ChoiceSet" and not part.get("choices") and "choices.data" not in part:
        yield f"{part.get('id')!r} offers nothing"
    if part.get("isMultiSelect") and any("," in choice["value"] for choice in part["choices"]):
        yield f"{part.get('id')!r} joins values that hold commas"


def _action(part: Json) -> Iterator[str]:
    if part["type"] == "Action.OpenUrl":
        if not part.get("url", "").startswith(SCHEMES):
            yield f"an address {part.get('url')!r}"
        return
    if not part.get("title") or part.get("data", {}).get("action") is None:
        yield f"an action without title or data: {part!r}"
    if part["type"] == "Action.Execute":
        fallback = part.get("fallback", {})
        if fallback.get("type") != "Action.Submit" or fallback.get("data") != part.get("data"):
            yield "Action.Execute without the same Action.Submit as fallback"
        if not part.get("verb"):
            yield "Action.Execute without verb"


def _extension(part: Json) -> Iterator[str]:
    if not isinstance(part.get("fallback"), dict):
        yield f"{part['type']} without fallback"
    else:
        yield from (what for one in walk(part["fallback"]) for what in _part(one))
    if part["type"].startswith("Chart.") and not part.get("data"):
        yield f"{part['type']} without data"
