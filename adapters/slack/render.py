"""Neutral messages and forms as Block Kit: pure functions, message in, dictionary out.

A chart is its native block plus its words, always. Slack rolls new blocks out in phases and refuses the whole message
where it does not know one: on ``invalid_blocks`` the sender posts :func:`without_native` of the same message.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from adapters.slack import charts, limits
from adapters.slack.fitting import Piece, fitted
from adapters.slack.forms import input_block, option, picks
from adapters.slack.presses import FORM_OPEN, action_id, form_value
from adapters.slack.spans import Mentions, elements, escaped, mrkdwn, paragraphs, plain_text, rich_text, words
from bot.domain.wording import bar, clean, grid, one_line, weight
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
    Note,
    Plain,
    Progress,
    Spans,
    Strong,
    Table,
    Text,
    clip,
    plain,
)

Json = dict[str, Any]
UNTOLD = "New message"  # for a summary of nothing but control characters
SHEET_TITLE = "MLOps coach"
_NOBODY: Mentions = {}
_STAMP = "{date_short_pretty} {time}"


def message(content: Message, mentions: Mentions = _NOBODY) -> Json:
    """Arguments ``text`` and ``blocks`` of chat.postMessage and chat.update; ``mentions`` gives Slack ids by member."""
    told = clip(one_line(content.summary), SUMMARY_LIMIT) or UNTOLD
    pieces = _Page(mentions, native=True).pieces(content.blocks or (Text((Plain(told),)),))
    # Slack parses this text as mrkdwn; escaping can make it five times as long and no longer.
    return {"text": escaped(told), "blocks": fitted(pieces, limits.MESSAGE_BLOCKS, limits.MESSAGE_TEXT)}


class Private(NamedTuple):
    """A private answer as JSON. ``is_native``: it holds a block that some workspaces do not know yet."""

    body: str
    is_native: bool


# What somebody keeps (a term's card) is written once for as long as they keep it, for the same few are looked up again and
# again. What nobody keeps is gone with its answer.
_private: WeakKeyDictionary[Message, Private] = WeakKeyDictionary()


def private(content: Message) -> Private:
    """A message that mentions nobody, as the body of a response that only who asked sees."""
    known = _private.get(content)
    if known is None:
        made = message(content)
        body = msgspec.json.encode({"response_type": "ephemeral", **made}).decode()
        known = _private[content] = Private(body, is_native(made))
    return known


def home(content: Message, mentions: Mentions = _NOBODY) -> Json:
    """The view of views.publish. Table and chart blocks exist in messages only, so here they are words."""
    blocks = fitted(_Page(mentions, native=False).pieces(content.blocks), limits.VIEW_BLOCKS, limits.MESSAGE_TEXT)
    return {"type": "home", "blocks": blocks}


def sheet(content: Message, mentions: Mentions = _NOBODY) -> Json:
    """An answer as a modal view: what a submitted form or a press on the home view gets back, for one person alone."""
    shown = content.blocks or (Text((Plain(clip(one_line(content.summary), SUMMARY_LIMIT) or UNTOLD),)),)
    return {
        "type": "modal",
        "title": plain_text(SHEET_TITLE, limits.VIEW_TITLE),
        "close": plain_text("Done", limits.VIEW_SUBMIT),
        "blocks": fitted(_Page(mentions, native=False).pieces(shown), limits.VIEW_BLOCKS, limits.MESSAGE_TEXT),
    }


def modal(form: Form, mentions: Mentions = _NOBODY) -> Json:
    """The view of views.open. ``private_metadata`` carries the reference, ``callback_id`` the form's id."""
    if len(form.ref) > limits.PRIVATE_METADATA or not 1 <= len(form.id) <= limits.CALLBACK_ID:
        raise ValueError(f"the id or reference of the form {form.id[:80]!r} does not fit in a Slack view")
    blocks = [*rich_text(elements(form.intro, mentions)), *(input_block(field, mentions) for field in form.fields)]
    if len(blocks) > limits.VIEW_BLOCKS:
        raise ValueError(f"the form {form.id!r} has more than {limits.VIEW_BLOCKS} blocks")
    return {
        "type": "modal",
        "callback_id": form.id,
        "private_metadata": form.ref,
        "title": plain_text(form.title, limits.VIEW_TITLE),
        "submit": plain_text(form.submit, limits.VIEW_SUBMIT),
        "close": plain_text("Cancel", limits.VIEW_SUBMIT),
        "notify_on_close": True,
        "blocks": blocks,
    }


def is_native(rendered: Json) -> bool:
    """Whether a message holds a block that some workspaces do not know yet."""
    return any(block["type"] == "data_visualization" for block in rendered["blocks"])


def without_native(rendered: Json) -> Json:
    """The same message without the blocks some workspaces refuse: charts go (their words stand below), tables become text."""
    blocks: list[Json] = []
    for block in rendered["blocks"]:
        if block["type"] == "table":
            rows = [tuple(cell["text"] for cell in row) for row in block["rows"]]
            blocks += _preformatted(grid(rows[0], tuple(rows[1:])))
        elif block["type"] != "data_visualization":
            blocks.append(block)
    return {**rendered, "blocks": blocks}


class _Page:
    """One message or view in the making: what is counted across its blocks."""

    def __init__(self, mentions: Mentions, *, native: bool) -> None:
        self._mentions = mentions
        self._charts = limits.CHARTS if native else 0
        self._tables = limits.TABLES if native else 0
        self._presses = 0

    def pieces(self, blocks: tuple[Block, ...]) -> list[Piece]:
        """Every block rendered, in order."""
        made = [one for block in blocks for one in self._blocks(block)]
        return [Piece(one, one["type"] == "actions" or "accessory" in one) for one in made]

    def _blocks(self, block: Block) -> list[Json]:  # noqa: C901 - one case a block, and mypy proves it is all of them
        match block:
            case Heading(text=text):
                return [{"type": "header", "text": plain_text(text, limits.HEADER)}] if one_line(text) else []
            case Text(spans=spans):
                return self._rich(spans)
            case Fields(items=items):
                return [{"type": "section", "fields": [self._field(label, value) for label, value in items]}]
            case Divider():
                return [{"type": "divider"}]
            case Note(spans=spans):
                return self._note(spans)
            case Image(url=url, alt=alt):
                return self._image(url, alt)
            case Code(text=text):
                return _preformatted(text)
            case Table():
                return self._table(block)
            case Chart():
                return self._chart(block)
            case Progress(label=label, done=done, total=total):
                return self._rich((Strong(one_line(label)), Plain(f"  {bar(done, total)}")))
            case Buttons(buttons=buttons):
                return [{"type": "actions", "elements": [self._button(one) for one in buttons]}]
            case Choice():
                return [self._choice(block)]
            case File(name=name, mime=mime, data=data):
                return self._rich((Strong(one_line(name)), Plain(f"  {one_line(mime)}, {weight(len(data))}")))
            case Invite():
                return _invite(block)
            case Form():
                return self._form(block)

    def _rich(self, spans: Spans) -> list[Json]:
        made = elements(spans, self._mentions)
        return [block for part in paragraphs(made) for block in rich_text(part)]

    def _field(self, label: str, value: Spans) -> Json:
        name = clip(one_line(label), limits.FIELD_LABEL)
        head = mrkdwn((Strong(name), Plain("\n")), self._mentions, limits.FIELD // 2)
        return _mrkdwn_text(head + mrkdwn(value, self._mentions, limits.FIELD - len(head)))

    def _note(self, spans: Spans) -> list[Json]:
        """Small print without marks is plain_text, where every character is shown as it is."""
        if not clean(plain(spans)).strip():
            return []
        if all(isinstance(span, Plain) for span in spans):
            shown: Json = {"type": "plain_text", "text": clip(clean(plain(spans)), limits.CONTEXT), "emoji": False}
        else:
            shown = _mrkdwn_text(mrkdwn(spans, self._mentions, limits.CONTEXT))
        return [{"type": "context", "elements": [shown]}]

    def _image(self, url: str, alt: str) -> list[Json]:
        """Slack fetches the picture itself; what it could not fetch would refuse the whole message."""
        told = clip(one_line(alt), limits.ALT_TEXT) or "Picture"
        if not url.startswith(("https://", "http://")) or len(url) > limits.URL:
            return self._rich((Plain(told),))
        return [{"type": "image", "image_url": url, "alt_text": told}]

    def _table(self, table: Table) -> list[Json]:
        if not self._tables:
            return _preformatted(grid(table.columns, table.rows))
        self._tables -= 1
        rows = [[clean(cell) for cell in row] for row in (table.columns, *table.rows)]
        if sum(len(cell) for row in rows for cell in row) > limits.TABLE_TEXT:
            rows = [[clip(cell, limits.CELL) for cell in row] for row in rows]
        cells = [[{"type": "raw_text", "text": cell or " "} for cell in row] for row in rows]
        return [{"type": "table", "rows": cells, "column_settings": [{"is_wrapped": True} for _ in table.columns]}]

    def _chart(self, chart: Chart) -> list[Json]:
        drawn = charts.native(chart) if self._charts else None
        told = self._rich(
            (Strong(one_line(chart.title)), Plain(f"\n{clean(chart.text)}" if chart.title else chart.text))
        )
        if drawn is None:
            return told
        self._charts -= 1
        return [drawn, *self._rich((Plain(chart.text),))]

    def _button(self, button: Button) -> Json:
        made: Json = {
            "type": "button",
            "action_id": self._action_id(button.action),
            "text": plain_text(button.label, limits.BUTTON_TEXT),
        }
        if button.value:
            made["value"] = button.value
        if button.style != "plain":
            made["style"] = button.style
        return made

    def _choice(self, choice: Choice) -> Json:
        """A section with the select beside it: a label inside the select would vanish with the first pick."""
        chosen = [option(pick) for pick in choice.options if pick.value == choice.chosen]
        select = {
            "type": "static_select",
            "action_id": self._action_id(choice.action),
            "placeholder": plain_text(choice.label, limits.PLACEHOLDER),
            "options": picks(choice.options),
            **({"initial_option": chosen[0]} if chosen else {}),
        }
        return {"type": "section", "text": plain_text(choice.label, limits.SECTION), "accessory": select}

    def _form(self, form: Form) -> list[Json]:
        """A form in a message is its intro and a button; the press opens the modal, within the 3 s of its trigger."""
        button = {
            "type": "button",
            "action_id": self._action_id(FORM_OPEN),
            "text": plain_text(form.title, limits.BUTTON_TEXT),
            "value": form_value(form.id, form.ref),
            "style": "primary",
        }
        return [*self._rich(form.intro), {"type": "actions", "elements": [button]}]

    def _action_id(self, action: str) -> str:
        self._presses += 1
        return action_id(action, self._presses)


def _mrkdwn_text(text: str) -> Json:
    """``verbatim`` keeps Slack from turning bare addresses, #names and @names in a person's words into links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _preformatted(text: str) -> list[Json]:
    """Code keeps its spaces and is cut, not split: half a program in two boxes cannot be copied."""
    made = words(clip(clean(text).strip("\n"), limits.SECTION))
    return rich_text([made], "rich_text_preformatted") if made else []


def _invite(invite: Invite) -> list[Json]:
    """The date element is shown in each reader's own zone; the fallback says which zone it speaks of."""
    head = [words(f"{one_line(invite.title)}\n", "bold"), words("Cancelled: ") if invite.method == "CANCEL" else None]
    fallback = f"{invite.start:%Y-%m-%d %H:%M} {invite.start.tzname() or ''}".strip()
    start = {"type": "date", "timestamp": int(invite.start.timestamp()), "format": _STAMP, "fallback": fallback}
    minutes = int((invite.end - invite.start).total_seconds() // 60)
    tail = words(f", {minutes} min" + (f", {one_line(invite.place)}" if invite.place else ""))
    return rich_text([made for made in (*head, start, tail) if made])
