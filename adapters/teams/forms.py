"""Form fields as Adaptive Card inputs: each with a label, and where an answer is needed, the words that say so."""

from __future__ import annotations

from typing import Any

from adapters.teams import limits
from adapters.teams.spans import Json, escaped, label, rich, run
from bot.domain.wording import clean, one_line
from bot.messages import (
    DateInput,
    Field,
    FormField,
    MemberInput,
    MultiInput,
    NumberInput,
    Pick,
    Plain,
    SearchInput,
    SelectInput,
    TextInput,
    TimeInput,
)


def inputs(field: FormField, prefix: str, members: dict[str, str]) -> list[Json]:
    """The input, what is wrong with it, and its hint below: a placeholder would vanish as soon as someone types."""
    hint = rich((Plain(one_line(field.hint)),), small=True) if field.hint else []
    hint = [{**one, "spacing": "Small"} for one in hint]
    if field.error:
        wrong = run(label(field.error, limits.LABEL), color="Attention", weight="Bolder")
        hint.insert(0, {"type": "RichTextBlock", "inlines": [wrong], "spacing": "Small"})
    name = label(field.label, limits.LABEL)
    made: Json = {"id": prefix + field.name, "label": name, **_kind(field, members)}
    if field.required:
        made["isRequired"] = True
    if field.required or isinstance(field, NumberInput):
        made["errorMessage"] = _error(field, name)
    return [made, *hint]


def _error(field: Field, name: str) -> str:
    if isinstance(field, NumberInput):
        bounds = [f"{word} {value:g}" for word, value in (("from", field.low), ("to", field.high)) if value is not None]
        return " ".join([f"{name}: a number", *bounds])
    return f"{name} is needed"


def _kind(field: FormField, members: dict[str, str]) -> Json:
    match field:
        case TextInput(value=value, multiline=multiline, max_length=longest):
            made: Json = {"type": "Input.Text", "isMultiline": multiline, "maxLength": longest}
            return {**made, **_value(clean(value)[:longest])}
        case SelectInput(options=options, value=value):
            return {**choices(options), **_value(value if value in {pick.value for pick in options} else None)}
        case MultiInput():
            return _multi(field)
        case DateInput(value=value):
            return {"type": "Input.Date", **_value(value)}
        case TimeInput(value=value):
            return {"type": "Input.Time", **_value(value)}
        case NumberInput(value=value, low=low, high=high):
            bounds = {key: number for key, number in (("min", low), ("max", high)) if number is not None}
            return {"type": "Input.Number", **bounds, **({"value": value} if value is not None else {})}
        case MemberInput(value=value):
            # The people picker of Teams; it gives back the directory id of the person.
            return {**_completed("graph.microsoft.com/users"), **_value(members.get(value or ""))}
        case SearchInput(source=source):
            return _completed(source)


def _completed(dataset: str) -> Json:
    """A select whose choices come while one types."""
    return {"type": "Input.ChoiceSet", "choices": [], "choices.data": {"type": "Data.Query", "dataset": dataset}}


def _value(value: Any) -> Json:
    return {"value": value} if value else {}


def choices(options: tuple[Pick, ...]) -> Json:
    """A select, with a search box when it is long. More than 100 options are refused, never dropped unseen."""
    if not 1 <= len(options) <= limits.OPTIONS:
        raise ValueError(f"a select has 1 to {limits.OPTIONS} options")
    style = "filtered" if len(options) > limits.FILTER_FROM else "compact"
    listed = [{"title": label(pick.label, limits.CHOICE), "value": pick.value} for pick in options]
    return {"type": "Input.ChoiceSet", "style": style, "choices": listed}


def _multi(field: MultiInput) -> Json:
    """Teams joins the picked values with commas, so a value that holds one could not be read back. Its titles are Markdown."""
    if any("," in pick.value for pick in field.options):
        raise ValueError(f"a value of the multiple choice {field.name!r} holds a comma")
    made = choices(field.options)
    for choice in made["choices"]:
        choice["title"] = escaped(choice["title"])
    chosen = [pick.value for pick in field.options if pick.value in field.values]
    return {**made, "style": "expanded", "isMultiSelect": True, **_value(",".join(chosen))}
