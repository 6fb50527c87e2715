"""What Slack refuses: our own deep checks of Block Kit payloads, and what the models of slack_sdk see besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from slack_sdk.models.blocks import Block

from tests.contracts import blockkit_models

Json = dict[str, Any]

TEXT_TYPES = {"plain_text", "mrkdwn"}
MESSAGE_TYPES = {
    "actions",
    "context",
    "data_visualization",
    "divider",
    "header",
    "image",
    "rich_text",
    "section",
    "table",
}  # fmt: skip
VIEW_TYPES = MESSAGE_TYPES - {"data_visualization", "table"}
PRESSED = {"button", "static_select", "multi_static_select", "users_select"}
INPUTS = {
    "plain_text_input",
    "static_select",
    "multi_static_select",
    "datepicker",
    "timepicker",
    "number_input",
    "users_select",
    "external_select",
}  # fmt: skip
PARTS = {"text", "link", "user", "date"}


def check(payload: Json) -> None:
    """Fail with every problem at once."""
    found = problems(payload)
    assert not found, "\n".join(found)


def problems(payload: Json) -> list[str]:
    """Why Slack would refuse these arguments of chat.postMessage, or this view."""
    blocks = payload["blocks"]
    view = payload.get("type")
    found = list(_frame(payload, view))
    known = (VIEW_TYPES | {"input"} if view == "modal" else VIEW_TYPES) if view else MESSAGE_TYPES
    for at, block in enumerate(blocks):
        kind = block.get("type")
        if kind not in known:
            found.append(f"block {at}: a {kind!r} block has no place here")
        else:
            found += [f"block {at} ({kind}): {what}" for what in _CHECKS.get(kind, _nothing)(block)]
    found += _twice("block_id", [block["block_id"] for block in blocks if "block_id" in block])
    found += _twice("action_id", [one["action_id"] for one in walk(blocks) if "action_id" in one])
    found += _counts(blocks)
    return found + _sdk(blocks) + blockkit_models.problems(payload)


def walk(made: Any) -> Iterator[Json]:
    """Every dictionary of a payload."""
    if isinstance(made, dict):
        yield made
        for value in made.values():
            yield from walk(value)
    elif isinstance(made, list):
        for one in made:
            yield from walk(one)


def letters(made: Any) -> int:
    """Characters of all words."""
    return sum(len(one["text"]) for one in walk(made) if isinstance(one.get("text"), str))


def _frame(payload: Json, view: str | None) -> Iterator[str]:
    most = 100 if view else 50
    if len(payload["blocks"]) > most:
        yield f"{len(payload['blocks'])} blocks, at most {most}"
    if view is None:
        yield from _size("the text", payload.get("text", ""), 4_000)
        if letters(payload["blocks"]) > 13_000:
            yield "more words than a message may hold"
    if view == "modal":
        yield from _words("the title", payload.get("title", {}), 24, {"plain_text"})
        if any(block.get("type") == "input" for block in payload["blocks"]) or "submit" in payload:
            yield from _words("submit", payload.get("submit", {}), 24, {"plain_text"})
        if len(payload.get("private_metadata", "")) > 3_000:
            yield "private_metadata over 3,000"
        yield from _size("callback_id", payload.get("callback_id", "none"), 255)


def _counts(blocks: list[Json]) -> Iterator[str]:
    kinds = Counter(block.get("type") for block in blocks)
    if kinds["table"] > 1:
        yield "more than one table"
    if kinds["data_visualization"] > 2:
        yield "more than two charts"


def _twice(what: str, names: list[str]) -> list[str]:
    return [f"{what} {name!r} is there {count} times" for name, count in Counter(names).items() if count > 1]


def _size(what: str, text: Any, most: int) -> Iterator[str]:
    if not isinstance(text, str) or not 1 <= len(text) <= most:
        yield f"{what} has 1 to {most} characters, not {text!r:.80}"


def _words(what: str, made: Json, most: int, kinds: set[str] = TEXT_TYPES) -> Iterator[str]:
    if made.get("type") not in kinds:
        yield f"{what} is {made.get('type')!r}, not {sorted(kinds)}"
    yield from _size(what, made.get("text", ""), most)


def _nothing(_: Json) -> Iterator[str]:
    return iter(())


def _header(block: Json) -> Iterator[str]:
    yield from _words("the header", block["text"], 150, {"plain_text"})


def _section(block: Json) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield "neither text nor fields"
    if "text" in block:
        yield from _words("the text", block["text"], 3_000)
    if len(block.get("fields", [])) > 10:
        yield "more than 10 fields"
    for field in block.get("fields", []):
        yield from _words("a field", field, 2_000)
    if "accessory" in block:
        yield from _pressed(block["accessory"])


def _context(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "1 to 10 elements"
    for element in block["elements"]:
        yield from _words("an element", element, 3_000)


def _image(block: Json) -> Iterator[str]:
    yield from _size("alt_text", block.get("alt_text", ""), 2_000)
    yield from _size("image_url", block.get("image_url", ""), 3_000)
    if not block.get("image_url", "").startswith(("https://", "http://")):
        yield "image_url is no address"


def _actions(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 25:
        yield "1 to 25 elements"
    for element in block["elements"]:
        yield from _pressed(element)


def _pressed(element: Json) -> Iterator[str]:
    if element.get("type") not in PRESSED:
        yield f"{element.get('type')!r} cannot be pressed"
    yield from _size("action_id", element.get("action_id", ""), 255)
    if element.get("type") == "button":
        yield from _words("a button", element["text"], 75, {"plain_text"})
        if "value" in element:
            yield from _size("a value", element["value"], 2_000)
        if element.get("style", "primary") not in {"primary", "danger"}:
            yield f"a style {element['style']!r}"
    else:
        yield from _select(element)


def _select(element: Json) -> Iterator[str]:
    if "static" not in element.get("type", ""):
        return
    options = element.get("options", [])
    if not 1 <= len(options) <= 100:
        yield f"1 to 100 options, not {len(options)}"
    for option in options:
        yield from _words("an option", option["text"], 75, {"plain_text"})
        yield from _size("an option value", option["value"], 150)
    initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    if any(one not in options for one in initial):
        yield "an initial option is none of the options"
    if "placeholder" in element:
        yield from _words("the placeholder", element["placeholder"], 150, {"plain_text"})


def _input(block: Json) -> Iterator[str]:
    yield from _words("the label", block["label"], 2_000, {"plain_text"})
    yield from _size("block_id", block.get("block_id", ""), 255)
    if "hint" in block:
        yield from _words("the hint", block["hint"], 2_000, {"plain_text"})
    element = block["element"]
    if element.get("type") not in INPUTS:
        yield f"{element.get('type')!r} is no input"
    if not 1 <= element.get("max_length", 1) <= 3_000:
        yield "max_length is 1 to 3,000"
    yield from _select(element)


def _rich_text(block: Json) -> Iterator[str]:
    if not block["elements"]:
        yield "no elements"
    if letters(block) > 3_000:
        yield "more than 3,000 characters"
    for element in block["elements"]:
        if element["type"] not in {"rich_text_section", "rich_text_preformatted"}:
            yield f"an unknown element {element['type']!r}"
        if not element["elements"]:
            yield "an empty element"
        for part in element["elements"]:
            yield from _part(part)


def _part(part: Json) -> Iterator[str]:
    if part["type"] not in PARTS:
        yield f"an unknown part {part['type']!r}"
    if part["type"] == "text":
        yield from _size("a text", part["text"], 3_000)
    if part["type"] == "link":
        yield from _size("a link", part["url"], 3_000)


def _table(block: Json) -> Iterator[str]:
    rows = block["rows"]
    if not 1 <= len(rows) <= 100:
        yield "1 to 100 rows"
    if any(not 1 <= len(row) <= 20 or len(row) != len(rows[0]) for row in rows):
        yield "1 to 20 cells a row, in every row alike"
    if letters(rows) > 10_000:
        yield "more than 10,000 characters"
    if len(block.get("column_settings", [])) > 20:
        yield "more than 20 column settings"
    for row in rows:
        for cell in row:
            if cell["type"] != "raw_text" or not cell["text"]:
                yield f"a cell {cell!r}"


def _chart(block: Json) -> Iterator[str]:
    chart = block["chart"]
    yield from _size("the title", block.get("title", ""), 50)
    if chart["type"] == "pie":
        yield from _pie(chart)
    elif chart["type"] in {"line", "bar", "area"}:
        yield from _axes(chart)
    else:
        yield f"an unknown chart {chart['type']!r}"


def _pie(chart: Json) -> Iterator[str]:
    if not 1 <= len(chart["segments"]) <= 6:
        yield "1 to 6 segments"
    for segment in chart["segments"]:
        yield from _size("a label", segment["label"], 20)
        if not segment["value"] > 0:
            yield f"a segment of {segment['value']}"


def _axes(chart: Json) -> Iterator[str]:
    categories = chart["axis_config"]["categories"]
    if not 1 <= len(categories) <= 20 or len(set(categories)) < len(categories):
        yield "1 to 20 different categories"
    if not 1 <= len(chart["series"]) <= 6:
        yield "1 to 6 series"
    yield from _twice("a series name", [one["name"] for one in chart["series"]])
    for one in chart["series"]:
        yield from _size("a series name", one["name"], 20)
        if [point["label"] for point in one["data"]] != categories:
            yield "a series has one point a category"
        if not all(isinstance(point["value"], int | float) for point in one["data"]):
            yield "a point without a value"
    for category in categories:
        yield from _size("a category", category, 20)


def _sdk(blocks: list[Json]) -> list[str]:
    """What slack_sdk's models refuse; it has none for charts, and does not look into rich text and tables."""
    found = []
    for at, block in enumerate(blocks):
        parsed = None if block.get("type") == "data_visualization" else Block.parse(block)
        try:
            if parsed is not None:
                parsed.validate_json()
        except Exception as error:  # noqa: BLE001 - its own error type wraps whatever a validator met
            found.append(f"block {at}: slack_sdk: {error}")
    return found


_CHECKS: dict[str, Callable[[Json], Iterator[str]]] = {
    "actions": _actions,
    "context": _context,
    "data_visualization": _chart,
    "header": _header,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
}
