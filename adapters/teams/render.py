"""Neutral messages as Adaptive Cards 1.5 with the extensions of Teams: pure functions, message in, dictionary out.

A row holds what is wide enough to be read, for Teams cuts labels rather than break a row; more than six actions on a card
become selects (``menus``). So nothing is lost, and no client drops one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from functools import lru_cache
from typing import Any

from adapters.teams import charts, limits
from adapters.teams.fitting import Piece, fitted, guarded, utf16_size
from adapters.teams.forms import choices, inputs
from adapters.teams.menus import Menu, folded
from adapters.teams.presses import (
    FORM_SUBMIT,
    UNPICKED,
    choice_data,
    dialog_data,
    form_data,
    menu_data,
    menu_value,
    press_data,
)
from adapters.teams.spans import Json, escaped, label, rich, run
from bot.domain.wording import bar, clean, one_line, weight
from bot.messages import (
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Chart,
    Choice,
    Code,
    Divider,
    Fields,
    File,
    Form,
    Heading,
    Image,
    Invite,
    Message,
    MultiInput,
    Note,
    Pick,
    Plain,
    Progress,
    Spans,
    Strong,
    Table,
    Text,
    clip,
)

__all__ = ["activity", "card", "utf16_size"]

CARD = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_STYLES = {"primary": {"style": "positive"}, "danger": {"style": "destructive"}, "plain": {}}
_NOBODY: Mapping[str, str] = {}


def activity(content: Message, mentions: Mapping[str, str] = _NOBODY) -> Json:
    """A message activity. With a card there is no ``text`` (Teams would show it as well); ``summary`` is the notification.

    Raises ``TooLarge`` over 40 KB: only buttons, inputs and options can bring it there, all else is cut at 25 KB.
    """
    summary = label(content.summary, SUMMARY_LIMIT)
    if not content.blocks:
        return {"type": "message", "text": clean(content.summary), "textFormat": "plain", "summary": summary}
    attachment = {"contentType": CARD, "content": card(content, mentions)}
    return guarded({"type": "message", "summary": summary, "attachments": [attachment]})


def card(content: Message, mentions: Mapping[str, str] = _NOBODY) -> Json:
    """An Adaptive Card; ``mentions`` gives directory ids by member, for the people picker. It may be shared: never change it."""
    return _made(content, tuple(sorted(mentions.items())))


# The same look-up or help is asked for again and again, and a message is hashed in a microsecond.
@lru_cache(maxsize=256)
def _made(content: Message, mentions: tuple[tuple[str, str], ...]) -> Json:
    frame = {
        "type": "AdaptiveCard",
        "$schema": _SCHEMA,
        "version": limits.VERSION,
        "fallbackText": label(content.summary, SUMMARY_LIMIT),
    }
    pieces = _Card(dict(mentions)).pieces(content.blocks)
    return {**frame, "body": fitted(pieces, limits.SIZE_AIM - utf16_size(frame))}


class _Card:
    """One card in the making: what is counted across its blocks."""

    def __init__(self, mentions: Mapping[str, str]) -> None:
        self._members = dict(mentions)
        self._inputs = 0

    def pieces(self, blocks: tuple[Block, ...]) -> list[Piece]:
        """Every block rendered, in order. A divider is the line above the next element, for cards have no such element."""
        pieces: list[Piece] = []
        line = False
        for block in folded(blocks):
            made = self._menu(block) if isinstance(block, Menu) else self._elements(block)
            if made and line:
                made[0] = {**made[0], "separator": True, "spacing": "Medium"}
            line = isinstance(block, Divider) or (line and not made)
            pieces += [Piece(one, isinstance(block, Buttons | Choice | Form | Menu)) for one in made]
        return pieces

    def _elements(self, block: Block) -> list[Json]:  # noqa: C901 - one case a block, and mypy proves it is all of them
        match block:
            case Heading(text=text):
                return _heading(text)
            case Text(spans=spans):
                return rich(spans)
            case Fields(items=items):
                return [_field(name, value) for name, value in items]
            case Divider():
                return []
            case Note(spans=spans):
                return rich(spans, small=True)
            case Image(url=url, alt=alt):
                return _image(url, alt)
            case Code(text=text):
                return _code(text)
            case Table():
                return [_table(block)]
            case Chart():
                return _chart(block)
            case Progress(label=name, done=done, total=total):
                return rich((Strong(one_line(name)), Plain(f"  {bar(done, total)}")))
            case Buttons(buttons=buttons):
                return self._rows(buttons)
            case Choice():
                return self._choice(block)
            case File(name=name, mime=mime, data=data):
                return rich((Strong(one_line(name)), Plain(f"  {one_line(mime)}, {weight(len(data))}")))
            case Invite():
                return _invite(block)
            case Form():
                return self._form(block)

    def _rows(self, buttons: tuple[Button, ...]) -> list[Json]:
        """As many buttons in a row as can be read there."""
        rows: list[list[Json]] = [[]]
        left = limits.ROW
        for button in buttons:
            made = self._button(button)
            needed = len(made["title"]) + limits.BUTTON_EDGE
            if rows[-1] and needed > left:
                rows.append([])
                left = limits.ROW
            left -= needed
            rows[-1].append(made)
        sets: list[Json] = [{"type": "ActionSet", "actions": row} for row in rows]
        return [sets[0], *({**one, "spacing": "Small"} for one in sets[1:])]

    def _button(self, button: Button) -> Json:
        """``associatedInputs: none``, or an empty required field elsewhere on the card would block a Skip button."""
        data = press_data(button.action, button.value)
        if button.opens:
            asked: Json = {"title": label(button.label, limits.LABEL), "data": dialog_data(data)}
            return {"type": "Action.Submit", **asked, "associatedInputs": "none", **_STYLES[button.style]}
        return self._action(button.label, button.action, data, inputs="none", **_STYLES[button.style])

    def _choice(self, choice: Choice) -> list[Json]:
        name = self._input()
        return self._select(choice, name, choice.action, choice_data(choice.action, name))

    def _menu(self, menu: Menu) -> list[Json]:
        """Buttons as a select: what is picked says which of them it is."""
        picks = {
            menu_value(one.action, one.value): Pick(menu_value(one.action, one.value), one.label)
            for one in menu.buttons
        }
        name = self._input()
        choice = Choice(menu.label, UNPICKED, tuple(picks.values()))
        looks = _STYLES["danger"] if all(one.style == "danger" for one in menu.buttons) else {}
        return self._select(choice, name, UNPICKED, menu_data(name), **looks)

    def _input(self) -> str:
        self._inputs += 1
        return f"c{self._inputs}"

    def _select(self, choice: Choice, name: str, verb: str, data: Json, **looks: str) -> list[Json]:
        """A card acts on presses only, so a select comes with its button. It is not required: that would block other forms."""
        chosen = {"value": choice.chosen} if choice.chosen in {pick.value for pick in choice.options} else {}
        select = {"id": name, "label": label(choice.label, limits.LABEL), **choices(choice.options), **chosen}
        pick = self._action("Choose", verb, data, inputs="auto", **looks)
        return [{**select, "placeholder": "Pick one"}, {"type": "ActionSet", "spacing": "Small", "actions": [pick]}]

    def _form(self, form: Form) -> list[Json]:
        self._inputs += 1
        prefix = f"f{self._inputs}-"
        made = [one for field in form.fields for one in inputs(field, prefix, self._members)]
        many = [field.name for field in form.fields if isinstance(field, MultiInput)]
        data = form_data(form.id, form.ref, prefix, many)
        submit = self._action(form.submit, FORM_SUBMIT, data, inputs="auto", style="positive")
        return [*_heading(form.title), *rich(form.intro), *made, {"type": "ActionSet", "actions": [submit]}]

    def _action(self, title: str, verb: str, data: Json, *, inputs: str, **looks: str) -> Json:
        """Action.Execute, whose answer replaces the card; clients before it send the same data by Action.Submit."""
        shown: Json = {"title": label(title, limits.LABEL), "data": data, "associatedInputs": inputs, **looks}
        return {"type": "Action.Execute", "verb": verb, **shown, "fallback": {"type": "Action.Submit", **shown}}


def _heading(text: str) -> list[Json]:
    """``style: heading`` is what a screen reader jumps by, and only a TextBlock has it."""
    words = escaped(clip(one_line(text), limits.TITLE))
    look = {"style": "heading", "size": "Large", "weight": "Bolder", "wrap": True}
    return [{"type": "TextBlock", "text": words, **look}] if words else []


def _field(name: str, value: Spans) -> Json:
    """Two columns of rich text: a FactSet would read its values as Markdown."""
    head = rich((Strong(label(name, limits.LABEL)),))
    columns = [{"type": "Column", "width": width, "items": items} for width, items in ((1, head), (2, rich(value)))]
    return {"type": "ColumnSet", "spacing": "Small", "columns": columns}


def _image(url: str, alt: str) -> list[Json]:
    told = clip(one_line(alt), limits.ALT_TEXT) or "Picture"
    if not url.startswith(("https://", "http://")) or len(url) > limits.URL:
        return rich((Plain(told),))
    return [{"type": "Image", "url": url, "altText": told, "msteams": {"allowExpand": True}}]


def _code(text: str) -> list[Json]:
    """CodeBlock keeps spaces and has a copy button. Its fallback shows them as no-break spaces, which others collapse."""
    words = clip(clean(text).strip("\n"), limits.CODE)
    lines = [line.replace("\t", "    ").replace(" ", "\N{NO-BREAK SPACE}") for line in words.split("\n")]
    shown = [
        {
            "type": "RichTextBlock",
            "inlines": [run(line or "\N{NO-BREAK SPACE}", fontType="Monospace")],
            "spacing": "None",
        }
        for line in lines
    ]
    fallback = {"type": "Container", "style": "emphasis", "items": shown}
    return [{"type": "CodeBlock", "codeSnippet": words, "language": "PlainText", "fallback": fallback}] if words else []


def _table(table: Table) -> Json:
    rows = [_row(table.columns, weight="Bolder"), *(_row(row) for row in table.rows)]
    widths = [{"width": 1} for _ in table.columns]
    # The first row is the header by itself; the word for it differs between the schema and the library that draws.
    return {"type": "Table", "columns": widths, "rows": rows}


def _row(cells: tuple[str, ...], **looks: Any) -> Json:
    shown = (clip(one_line(cell), limits.CELL) for cell in cells)
    items = ([{"type": "RichTextBlock", "inlines": [run(words or " ", **looks)]}] for words in shown)
    return {"type": "TableRow", "cells": [{"type": "TableCell", "items": one} for one in items]}


def _chart(chart: Chart) -> list[Json]:
    drawn = charts.native(chart)
    title = (Strong(one_line(chart.title)), Plain("\n")) if drawn is None else ()
    told = rich((*title, Plain(chart.text)))
    return told if drawn is None else [drawn, *told]


def _invite(invite: Invite) -> list[Json]:
    """The DATE and TIME functions of a TextBlock show the start in each reader's own zone."""
    stamp = f"{invite.start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    minutes = int((invite.end - invite.start).total_seconds() // 60)
    place = f", {escaped(one_line(invite.place))}" if invite.place else ""
    state = "Cancelled: " if invite.method == "CANCEL" else ""
    when = f"{state}{{{{DATE({stamp}, SHORT)}}}} {{{{TIME({stamp})}}}}, {minutes} min{place}"
    return [
        *rich((Strong(one_line(invite.title)),)),
        {"type": "TextBlock", "text": when, "wrap": True, "spacing": "None"},
    ]
