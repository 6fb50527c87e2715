"""Answers as the bodies of replies to requests that wait: pure functions, dictionaries out.

https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.teams.render import CARD, card
from bot.messages import (
    Block,
    Buttons,
    Choice,
    DateInput,
    Field,
    Form,
    FormField,
    Message,
    MultiInput,
    NumberInput,
    Pick,
    Plain,
    SelectInput,
    Strong,
    Text,
    TextInput,
    TimeInput,
    clip,
)

Json = dict[str, Any]
Values = Mapping[str, str | list[str]]

TOAST_LIMIT = 200
PREVIEW_LIMIT = 60


def card_reply(message: Message) -> Json:
    """The card takes the pressed one's place, for the presser."""
    return {"statusCode": 200, "type": CARD, "value": card(message)}


def said(words: str) -> Json:
    """The card stays, and the client shows these words."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": clip(words, TOAST_LIMIT)}


def refused(words: str) -> Json:
    """The press was not understood."""
    value = {"code": "BadRequest", "message": clip(words, TOAST_LIMIT)}
    return {"statusCode": 400, "type": "application/vnd.microsoft.error", "value": value}


def dialog(title: str, message: Message) -> Json:
    """A dialog that opens, or goes on."""
    value = {"title": title, "height": "medium", "width": "medium", "card": _submitting(attachment(message))}
    return {"task": {"type": "continue", "value": value}}


def dialog_said(words: str) -> Json:
    """The dialog closes with these words."""
    return {"task": {"type": "message", "value": clip(words, TOAST_LIMIT)}}


def results(picks: Sequence[Pick]) -> Json:
    """Results of the message extension; picking one asks for its card."""
    found = [
        {
            **attachment(Message(pick.label)),
            "preview": {
                "contentType": "application/vnd.microsoft.card.thumbnail",
                "content": {
                    "title": clip(pick.label, PREVIEW_LIMIT),
                    "tap": {"type": "invoke", "value": {"term": pick.value}},
                },
            },
        }
        for pick in picks
    ]
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": found}}


def inserted(message: Message) -> Json:
    """The card that a result becomes. Its buttons stay out: it may be posted where we are not."""
    shown = msgspec.structs.replace(message, blocks=_inert(message.blocks))
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": [attachment(shown)]}}


def extension_said(words: str) -> Json:
    return {"composeExtension": {"type": "message", "text": clip(words, TOAST_LIMIT)}}


def completions(picks: Sequence[Pick]) -> Json:
    """Completions of a field."""
    value = {"results": [{"value": pick.value, "title": pick.label} for pick in picks]}
    return {"statusCode": 200, "type": "application/vnd.microsoft.search.searchResponse", "value": value}


def attachment(message: Message) -> Json:
    """A card with its preview; a message of nothing but a summary is that summary."""
    blocks = message.blocks or (Text((Plain(message.summary),)),)
    return {"contentType": CARD, "content": card(msgspec.structs.replace(message, blocks=blocks))}


def form_message(form: Form) -> Message:
    """A form as a message of its own: a typed command cannot open a dialog."""
    return Message(form.title, (form,))


def corrected(form: Form, values: Values, errors: Mapping[str, str]) -> Message:
    """The form again, filled in as it was sent, with what is wrong above it and at each field."""
    fields = tuple(_filled(field, values, errors) for field in form.fields)
    labels = {field.name: field.label for field in form.fields}
    wrong = [
        Text((Strong(f"{labels[name]}: " if name in labels else ""), Plain(words))) for name, words in errors.items()
    ]
    summary = clip(told_errors(errors), 300)
    return Message(summary, (*wrong, msgspec.structs.replace(form, fields=fields)))


def told_errors(errors: Mapping[str, str]) -> str:
    return " ".join(dict.fromkeys(errors.values())) or "Something in the form is not right."


def _filled(field: FormField, values: Values, errors: Mapping[str, str]) -> FormField:
    given = values.get(field.name, "")
    one = given if isinstance(given, str) else ""
    shown = msgspec.structs.replace(field, error=errors.get(field.name, ""))
    match shown:
        case MultiInput():
            return msgspec.structs.replace(shown, values=tuple(given) if isinstance(given, list) else ())
        case NumberInput():
            return msgspec.structs.replace(shown, value=_number(one))
        case SelectInput() | TextInput() | DateInput() | TimeInput():
            return msgspec.structs.replace(shown, value=one)
        case Field():
            return shown


def _number(words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        return None


def _submitting(made: Any) -> Any:
    """In a dialog Teams knows Action.Submit alone, and one dialog cannot ask for another: it goes on with what it is answered."""
    if isinstance(made, list):
        return [_submitting(one) for one in made]
    if not isinstance(made, dict):
        return made
    if made.get("type") == "Action.Execute":
        return made["fallback"]
    return {name: _submitting(value) for name, value in made.items() if name != "msteams" or "action" not in made}


def _inert(blocks: Sequence[Block]) -> tuple[Block, ...]:
    return tuple(block for block in blocks if not isinstance(block, Buttons | Choice | Form))
