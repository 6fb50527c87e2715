"""Form fields as Slack input blocks. ``block_id`` is the field's name, by which errors come back; so is ``action_id``, but for a search,
whose typeahead it names.
"""

from __future__ import annotations

from typing import Any

from adapters.slack import limits
from adapters.slack.spans import Mentions, plain_text, slack_id
from bot.domain.wording import clean
from bot.messages import (
    DateInput,
    FormField,
    MemberInput,
    MultiInput,
    NumberInput,
    Pick,
    SearchInput,
    SelectInput,
    TextInput,
    TimeInput,
)

Json = dict[str, Any]


def input_block(field: FormField, mentions: Mentions) -> Json:
    """One input block."""
    if not 1 <= len(field.name) <= limits.BLOCK_ID:
        raise ValueError(f"a field name has 1 to {limits.BLOCK_ID} characters: {field.name[:80]!r}")
    made: Json = {
        "type": "input",
        "block_id": field.name,
        "label": plain_text(field.label, limits.INPUT_LABEL),
        "element": {"action_id": field.name, **_element(field, mentions)},
        "optional": not field.required,
    }
    if field.hint:
        made["hint"] = plain_text(field.hint, limits.INPUT_HINT)
    return made


def _element(field: FormField, mentions: Mentions) -> Json:
    match field:
        case TextInput():
            return _text(field)
        case SelectInput(options=options, value=value):
            chosen = [option(pick) for pick in options if pick.value == value]
            return {"type": "static_select", "options": picks(options), **_initial("option", chosen)}
        case MultiInput(options=options, values=values):
            chosen = [option(pick) for pick in options if pick.value in values]
            return {
                "type": "multi_static_select",
                "options": picks(options),
                **_initial("options", [chosen] if chosen else []),
            }
        case DateInput(value=value):
            return {"type": "datepicker", **_initial("date", [value] if value else [])}
        case TimeInput(value=value):
            return {"type": "timepicker", **_initial("time", [value] if value else [])}
        case NumberInput():
            return _number(field)
        case MemberInput(value=value):
            known = slack_id(value or "", mentions)
            return {"type": "users_select", **_initial("user", [known] if known else [])}
        case SearchInput(source=source):
            return {"type": "external_select", "action_id": source, "min_query_length": 1}


def _initial(kind: str, values: list[Any]) -> Json:
    """Slack refuses an empty ``initial_...``, so it is there only with a value."""
    return {f"initial_{kind}": values[0]} if values else {}


def _text(field: TextInput) -> Json:
    longest = min(field.max_length, limits.INPUT_TEXT)
    made: Json = {"type": "plain_text_input", "multiline": field.multiline, "max_length": longest}
    return {**made, **_initial("value", [clean(field.value)[:longest]] if field.value else [])}


def _number(field: NumberInput) -> Json:
    made: Json = {"type": "number_input", "is_decimal_allowed": True}
    for key, value in (("initial_value", field.value), ("min_value", field.low), ("max_value", field.high)):
        if value is not None:
            made[key] = _decimal(value)
    return made


def _decimal(value: float) -> str:
    """Slack takes numbers as strings; ``3.0`` would be shown as typed."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def picks(options: tuple[Pick, ...]) -> list[Json]:
    """Options of a select. More than 100 need a type-ahead, which is another block: refuse, never drop one unseen."""
    if not 1 <= len(options) <= limits.OPTIONS:
        raise ValueError(f"a select has 1 to {limits.OPTIONS} options")
    return [option(pick) for pick in options]


def option(pick: Pick) -> Json:
    """One option; its value is what a pick gives back, so it is refused rather than cut."""
    if not 1 <= len(pick.value) <= limits.OPTION_VALUE:
        raise ValueError(f"an option value has 1 to {limits.OPTION_VALUE} characters: {pick.value[:80]!r}")
    return {"text": plain_text(pick.label, limits.OPTION_TEXT), "value": pick.value}
