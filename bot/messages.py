"""Neutral messages: a closed union of frozen blocks that every platform can render faithfully.

A message never holds platform markup. User words are spans; each renderer escapes them at its last step.
Limits are the strictest of the platforms (see docs/explain/messages.md); a constructor that breaks one raises ``ValueError``,
so a screen that cannot be shown somewhere fails in its own test and not at a customer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

LABEL_LIMIT = 40
SUMMARY_LIMIT = 300
VALUE_LIMIT = 200  # of what a button sends back
BUTTONS_LIMIT = 5
OPTIONS_LIMIT = 100
TITLE_LIMIT = 24
TABLE_ROWS, TABLE_COLUMNS = 20, 6
SERIES_LIMIT, POINTS_LIMIT = 6, 20


class Part(msgspec.Struct, frozen=True, tag=str.lower, forbid_unknown_fields=True):
    """Base of spans, blocks and form fields: immutable, tagged by class name in JSON."""


class Plain(Part, frozen=True):
    """Words as they are; a newline is a line break."""

    text: str


class Strong(Part, frozen=True):
    text: str


class Emphasis(Part, frozen=True):
    text: str


class Mono(Part, frozen=True):
    text: str


class Link(Part, frozen=True):
    """A link; ``url`` is http, https or mailto."""

    text: str
    url: str

    def __post_init__(self) -> None:
        _require(self.url.startswith(("https://", "http://", "mailto:")), f"not a link: {self.url[:80]}")


class Mention(Part, frozen=True):
    """A member, shown in the platform's own way; ``name`` is the fallback."""

    member: str
    name: str


Span = Plain | Strong | Emphasis | Mono | Link | Mention
Spans = tuple[Span, ...]


class Heading(Part, frozen=True):
    text: str


class Text(Part, frozen=True):
    spans: Spans


class Fields(Part, frozen=True):
    """Label and value pairs, at most ten."""

    items: tuple[tuple[str, Spans], ...]

    def __post_init__(self) -> None:
        _require(1 <= len(self.items) <= 10, "fields hold 1 to 10 items")


class Divider(Part, frozen=True):
    pass


class Note(Part, frozen=True):
    """Small print."""

    spans: Spans


class Image(Part, frozen=True):
    url: str
    alt: str


class Code(Part, frozen=True):
    text: str


class Table(Part, frozen=True):
    """Plain cells; longer tables are paged or sent as CSV by the feature."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        _require(1 <= len(self.columns) <= TABLE_COLUMNS, "a table has 1 to 6 columns")
        _require(len(self.rows) <= TABLE_ROWS, "a table has at most 20 rows")
        _require(all(len(row) == len(self.columns) for row in self.rows), "a table row has one cell a column")


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line, one set of bars or one pie; ``None`` is a gap (a figure that is withheld)."""

    name: str
    values: tuple[float | None, ...]


class Chart(Part, frozen=True):
    """``text`` says the same as the picture and is always shown or read aloud."""

    kind: Literal["line", "bar", "pie"]
    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    text: str
    unit: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.text), "a chart needs a text alternative")
        _require(1 <= len(self.series) <= SERIES_LIMIT, "a chart has 1 to 6 series")
        _require(len(self.labels) <= POINTS_LIMIT, "a chart has at most 20 points")
        _require(all(len(one.values) == len(self.labels) for one in self.series), "a series has one value a label")


class Progress(Part, frozen=True):
    label: str
    done: int
    total: int


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``action`` names a registered action, ``value`` is an opaque id: never a secret, never the right answer.

    ``opens`` says that a press opens a form: Teams asks for a dialog only by a button that was made for one.
    """

    label: str
    action: str
    value: str = ""
    style: Literal["plain", "primary", "danger"] = "plain"
    opens: bool = False

    def __post_init__(self) -> None:
        _require(
            1 <= len(self.label) <= LABEL_LIMIT, f"a button label has 1 to {LABEL_LIMIT} characters: {self.label!r}"
        )
        _require(len(self.value) <= VALUE_LIMIT, f"a button value has at most {VALUE_LIMIT} characters")


class Buttons(Part, frozen=True, omit_defaults=True):
    """A row; ``label`` says what for, where a platform reads it aloud or has room for a select only."""

    buttons: tuple[Button, ...]
    label: str = ""

    def __post_init__(self) -> None:
        _require(1 <= len(self.buttons) <= BUTTONS_LIMIT, "a row holds 1 to 5 buttons")


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One option of a choice."""

    value: str
    label: str

    def __post_init__(self) -> None:
        _require(1 <= len(self.label) <= 75, f"an option label has 1 to 75 characters: {self.label!r}")


class Choice(Part, frozen=True):
    """A select that acts at once; ``action`` gets the picked value."""

    label: str
    action: str
    options: tuple[Pick, ...]
    chosen: str | None = None

    def __post_init__(self) -> None:
        _require(1 <= len(self.options) <= OPTIONS_LIMIT, "a choice has 1 to 100 options")


class File(Part, frozen=True):
    name: str
    mime: str
    data: bytes


class Invite(Part, frozen=True):
    """A calendar entry; ``adapters/calendar.py`` turns it into bytes."""

    uid: str
    sequence: int
    method: Literal["REQUEST", "CANCEL"]
    start: datetime
    end: datetime
    title: str
    description: str
    organizer: str
    attendees: tuple[str, ...] = ()
    place: str = ""
    stamp: datetime | None = None  # when this revision was made; the start if not given


class Field(Part, frozen=True, kw_only=True):
    """The part every input shares. ``name`` keys the submitted value, ``label`` is what a person reads.

    ``error`` is what was wrong with it, on a form that comes back where a platform has no place of its own for that.
    """

    name: str
    label: str
    hint: str = ""
    required: bool = True
    error: str = ""


class TextInput(Field, frozen=True, kw_only=True):
    value: str = ""
    multiline: bool = False
    max_length: int = 300


class SelectInput(Field, frozen=True, kw_only=True):
    options: tuple[Pick, ...]
    value: str | None = None


class MultiInput(Field, frozen=True, kw_only=True):
    options: tuple[Pick, ...]
    values: tuple[str, ...] = ()


class DateInput(Field, frozen=True, kw_only=True):
    """Submits ``YYYY-MM-DD``."""

    value: str = ""


class TimeInput(Field, frozen=True, kw_only=True):
    """Submits ``HH:MM``."""

    value: str = ""


class NumberInput(Field, frozen=True, kw_only=True):
    value: float | None = None
    low: float | None = None
    high: float | None = None


class MemberInput(Field, frozen=True, kw_only=True):
    """Submits the person's account at the platform, which may be one we have not met; ``value`` is a member."""

    value: str | None = None


class SearchInput(Field, frozen=True, kw_only=True):
    """Completes what is typed from the typeahead ``source``. Submits a pick's value, or where a platform lets people, what they typed."""

    source: str


FormField = TextInput | SelectInput | MultiInput | DateInput | TimeInput | NumberInput | MemberInput | SearchInput


class Form(Part, frozen=True, kw_only=True):
    """A modal on Slack, an inline card or dialog on Teams. ``id`` names the registered form, ``ref`` comes back with it."""

    id: str
    title: str
    fields: tuple[FormField, ...]
    submit: str = "Save"
    ref: str = ""
    intro: Spans = ()

    def __post_init__(self) -> None:
        _require(1 <= len(self.title) <= TITLE_LIMIT, f"a form title has 1 to {TITLE_LIMIT} characters: {self.title!r}")
        _require(len({field.name for field in self.fields}) == len(self.fields), "field names are unique")


Block = (
    Heading
    | Text
    | Fields
    | Divider
    | Note
    | Image
    | Code
    | Table
    | Chart
    | Progress
    | Buttons
    | Choice
    | File
    | Invite
    | Form
)


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, weakref=True):
    """``summary`` is mandatory plain text: the notification, the screen-reader line and the fallback."""

    summary: str
    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        _require(bool(self.summary.strip()), "a message needs a summary")


def plain(spans: Spans) -> str:
    """The words of spans without any markup."""
    words = []
    for span in spans:
        match span:
            case Mention(name=name):
                words.append(f"@{name}")
            case Plain() | Strong() | Emphasis() | Mono() | Link():
                words.append(span.text)
    return "".join(words)


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
