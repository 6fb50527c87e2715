"""A second opinion on Block Kit: every payload rebuilt through the classes of ``blockkit``, which must give the same payload."""

from __future__ import annotations

from typing import Any

from blockkit import core as kit
from blockkit.core import ComponentValidationError, FieldValidationError

Json = dict[str, Any]

UNKNOWN = {"data_visualization"}  # newer than the library: our own checks know it
TYPES: dict[str, Any] = {
    "actions": kit.Actions,
    "button": kit.Button,
    "context": kit.Context,
    "date": kit.RichDateEl,
    "datepicker": kit.DatePicker,
    "divider": kit.Divider,
    "external_select": kit.ExternalSelect,
    "header": kit.Header,
    "home": kit.Home,
    "image": kit.Image,
    "input": kit.Input,
    "link": kit.RichLinkEl,
    "modal": kit.Modal,
    "mrkdwn": kit.Text,
    "multi_static_select": kit.MultiStaticSelect,
    "number_input": kit.NumberInput,
    "plain_text": kit.Text,
    "plain_text_input": kit.PlainTextInput,
    "raw_text": kit.RawText,
    "rich_text": kit.RichText,
    "rich_text_preformatted": kit.RichTextPreformatted,
    "rich_text_section": kit.RichTextSection,
    "section": kit.Section,
    "static_select": kit.StaticSelect,
    "table": kit.Table,
    "text": kit.RichTextEl,
    "timepicker": kit.TimePicker,
    "user": kit.RichUserEl,
    "users_select": kit.UsersSelect,
}
PLACES: dict[str, Any] = {
    "column_settings": kit.ColumnSettings,
    "initial_option": kit.Option,
    "initial_options": kit.Option,
    "options": kit.Option,
    "style": kit.RichStyle,
}
NUMBERS = {"initial_value", "max_value", "min_value"}  # of a number input: words in JSON, numbers in the library


def problems(payload: Json) -> list[str]:
    """What the library refuses, or would have written otherwise."""
    kept = [block for block in payload["blocks"] if block.get("type") not in UNKNOWN]
    if payload.get("type") in {"home", "modal"}:
        # The library writes private_metadata as JSON; ours is a word.
        return _compared({**payload, "blocks": kept} | {"private_metadata": "null"})
    return [problem for block in kept for problem in _compared(block)]


def _compared(made: Json) -> list[str]:
    try:
        built = _built(made).build()
    except (ComponentValidationError, FieldValidationError, KeyError, TypeError, ValueError) as error:
        return [f"blockkit, {made.get('type')}: {type(error).__name__} {error}"]
    return [] if built == made else [f"blockkit makes another {made.get('type')} of it: {built}"]


def _built(made: Any, place: str = "") -> Any:
    """The object that stands for a part of a payload. ``place`` is the name of the field it was found in."""
    if isinstance(made, list):
        return [_built(one, place) for one in made]
    if not isinstance(made, dict):
        return made
    kind = made.get("type")
    values = {name: _built(value, name) for name, value in made.items()}
    if kind == "number_input":
        values |= {name: _number(value) for name, value in values.items() if name in NUMBERS}
    if kind in {"home", "modal"}:
        values["private_metadata"] = None
    known = TYPES[kind] if kind else PLACES[place]
    if known is not kit.Text:
        values.pop("type", None)
    return known(**values)


def _number(words: str) -> int | float:
    return float(words) if "." in words else int(words)
