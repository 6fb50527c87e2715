"""How a press finds its way back: the one place that writes and reads the data of a Teams card's actions.

Teams merges the card's inputs into the data of the action that was pressed, so a form's inputs carry a prefix, and a
choice or a select of buttons says which input holds its value. Everything that comes back can be forged: it is looked up, never believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
FORM_SUBMIT = "form.submit"
UNPICKED = "guide.unpicked"  # what a select means while nothing is picked in it


def press_data(action: str, value: str) -> Json:
    """Data of a button."""
    return {"action": action, "value": value}


def dialog_data(data: Json) -> Json:
    """Data of a button that asks for a dialog, which Teams opens with what it is answered."""
    return {**data, "msteams": {"type": "task/fetch"}}


def asks_for_a_dialog(data: Mapping[str, Any]) -> bool:
    return data.get("msteams") == {"type": "task/fetch"}


def choice_data(action: str, input_id: str) -> Json:
    """Data of the button beside a select."""
    return {"action": action, "value": "", "input": input_id}


def menu_data(input_id: str) -> Json:
    """Data of the button beside a select of several buttons."""
    return {"action": UNPICKED, "value": "", "menu": input_id}


def menu_value(action: str, value: str) -> str:
    """One button among those of a select; no action holds a space."""
    return f"{action} {value}"


def form_data(form: str, ref: str, prefix: str, many: Sequence[str] = ()) -> Json:
    """Data of a form's submit button; ``many`` are the fields in which several may be picked."""
    return {"action": FORM_SUBMIT, "form": form, "ref": ref, "prefix": prefix, **({"many": [*many]} if many else {})}


def pressed(data: Mapping[str, Any]) -> tuple[str, str]:
    """Action and value, of a button, a choice or one button of a select; a value that is no text counts as none."""
    select = str(data.get("input") or data.get("menu") or "")
    value = data.get(select, "") if select else data.get("value", "")
    action = data.get("action", "")
    action, value = action if isinstance(action, str) else "", value if isinstance(value, str) else ""
    if not select:
        return action, value
    if not value:
        return UNPICKED, ""
    if "menu" in data:
        action, _, value = value.partition(" ")
    return action, value


def submitted(data: Mapping[str, Any]) -> tuple[str, str, dict[str, str | list[str]]]:
    """Form id, reference and the submitted values by field name; what Teams joins by commas is a list again."""
    prefix = str(data.get("prefix", ""))
    named = data.get("many")
    many = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    values: dict[str, str | list[str]] = {
        key.removeprefix(prefix): _scalar(value) for key, value in data.items() if prefix and key.startswith(prefix)
    }
    for name in many:
        values[name] = [one for one in str(values.get(name, "")).split(",") if one]
    return _scalar(data.get("form", "")), _scalar(data.get("ref", "")), values


def _scalar(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
