"""How a press finds its way back: the one place that writes and reads the data of a Teams card's actions.

Teams merges the card's inputs into the data of the action that was pressed, so a form's inputs carry a prefix, and a
choice says which input holds its value. Everything that comes back can be forged: it is looked up, never believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
FORM_SUBMIT = "form.submit"


def press_data(action: str, value: str) -> Json:
    """Data of a button."""
    return {"action": action, "value": value}


def choice_data(action: str, input_id: str) -> Json:
    """Data of the button beside a select."""
    return {"action": action, "value": "", "input": input_id}


def form_data(form: str, ref: str, prefix: str) -> Json:
    """Data of a form's submit button."""
    return {"action": FORM_SUBMIT, "form": form, "ref": ref, "prefix": prefix}


def pressed(data: Mapping[str, Any]) -> tuple[str, str]:
    """Action and value, of a button or a choice; a value that is no text counts as none."""
    value = data.get(str(data.get("input", "")), data.get("value", ""))
    action = data.get("action", "")
    return action if isinstance(action, str) else "", value if isinstance(value, str) else ""


def submitted(data: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Form id, reference and the submitted values by field name; values of a multiple choice are joined by commas."""
    prefix = str(data.get("prefix", ""))
    values = {key.removeprefix(prefix): str(value) for key, value in data.items() if prefix and key.startswith(prefix)}
    return str(data.get("form", "")), str(data.get("ref", "")), values
