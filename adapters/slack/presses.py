"""How a press finds its way back: the one place that writes and reads Slack's action ids and values."""

from __future__ import annotations

from adapters.slack import limits

FORM_OPEN = "form.open"


def action_id(action: str, index: int) -> str:
    """Slack wants each id once in a message, and two buttons may share an action: the index tells them apart."""
    made = f"{action}#{index}"
    if len(made) > limits.ACTION_ID:
        raise ValueError(f"an action id has at most {limits.ACTION_ID} characters: {made[:80]!r}")
    return made


def action_of(made: str) -> str:
    """The action that :func:`action_id` was given."""
    action, _, index = made.rpartition("#")
    return action if action and index.isdigit() else made


def form_value(form: str, ref: str) -> str:
    """The value of a ``form.open`` button. A form id is a registered name, so it holds no space."""
    made = f"{form} {ref}"
    if len(made) > limits.BUTTON_VALUE or " " in form:
        raise ValueError(f"a form id and reference do not fit in a button value: {made[:80]!r}")
    return made


def form_of(value: str) -> tuple[str, str]:
    """Form id and reference, as :func:`form_value` was given them."""
    form, _, ref = value.partition(" ")
    return form, ref


ASK_AGAIN = "form.again"
AGAIN_LIMIT = 200


def again(words: str) -> str:
    """The value of a button that asks the same words again: typed words bring no trigger, and a modal needs one."""
    return words[:AGAIN_LIMIT]
