"""Messages that hold every block, every span, every field and every trick a person's words may play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

from bot.messages import (
    Block,
    Button,
    Buttons,
    Chart,
    Choice,
    Code,
    DateInput,
    Divider,
    Emphasis,
    Fields,
    File,
    Form,
    FormField,
    Heading,
    Image,
    Invite,
    Link,
    MemberInput,
    Mention,
    Message,
    Mono,
    MultiInput,
    Note,
    NumberInput,
    Pick,
    Plain,
    Progress,
    SearchInput,
    SelectInput,
    Series,
    Span,
    Spans,
    Strong,
    Table,
    Text,
    TextInput,
    TimeInput,
)

MENTIONS = {"alice": "U0ALICE", "mallory": "C1> <!channel"}
ADDRESS = "https://example.org/a?b=1&c=2"
SPANS: Spans = (
    Plain("Drift is a change of "),
    Strong("inputs"),
    Plain(" or "),
    Emphasis("labels"),
    Plain(", see "),
    Mono("psi()"),
    Plain(" and "),
    Link("the page", ADDRESS),
    Plain("; ask "),
    Mention("alice", "Alice"),
    Plain(" or "),
    Mention("bob", "Bob"),
    Plain(".\nA second line."),
)
PICKS = (Pick("p1", "Population stability"), Pick("p2", "Kolmogorov-Smirnov"))
START = datetime(2026, 11, 3, 14, tzinfo=UTC)
INVITE = Invite(
    "u1", 0, "REQUEST", START, START + timedelta(minutes=30), "Office hours", "", "a@example.org", place="Room 4"
)
FIELDS: tuple[FormField, ...] = (
    TextInput(name="topic", label="Topic", hint="One line", value="Drift"),
    SelectInput(name="slot", label="Slot", options=PICKS, value="p2"),
    MultiInput(name="days", label="Days", options=PICKS, values=("p1",), required=False),
    DateInput(name="day", label="Day", value="2026-11-03"),
    TimeInput(name="hour", label="Hour", value="14:00"),
    NumberInput(name="seats", label="Seats", value=3.0, low=1, high=9),
    MemberInput(name="host", label="Host", value="alice"),
    SearchInput(name="term", label="Term", source="glossary.terms"),
)
FORM = Form(id="book", title="Book a slot", fields=FIELDS, submit="Book", ref="slot-7", intro=(Plain("Half an hour."),))
CHARTS = (
    Chart(
        "line",
        "Answers",
        ("Mon", "Tue"),
        (Series("Right", (3.0, 4.0)), Series("All", (5.0, 6.0))),
        "4 of 6 on Tuesday.",
        "answers",
    ),
    Chart("bar", "Teams", ("A", "B", "C"), (Series("Share", (40.0, None, 60.0)),), "A 40 %, B withheld, C 60 %.", "%"),
    Chart("pie", "Topics", ("Drift", "Cost"), (Series("Share", (70.0, 30.0)),), "Drift 70 %, cost 30 %."),
)
BLOCKS: tuple[Block, ...] = (
    Heading("What is drift?"),
    Text(SPANS),
    Fields((("Level", (Strong("Basic"), Plain(" & up"))), ("By", (Mention("alice", "Alice"),)))),
    Divider(),
    Note((Plain("Takes 3 minutes"),)),
    Note((Plain("From "), Link("the pack", ADDRESS))),
    Image("https://example.org/drift.png", "Two histograms apart"),
    Code("def psi(a, b):\n    return sum(a * b)"),
    Table(("Term", "Uses"), (("drift", "12"), ("skew", ""))),
    *CHARTS,
    Progress("Week 2", 3, 10),
    Buttons((Button("Got it", "lesson.done", "l1", "primary"), Button("Later", "lesson.later"), Button("Stop", "lesson.stop", "", "danger"))),
    Choice("Remind me", "remind.set", PICKS, "p2"),
    File("report.csv", "text/csv", b"a,b\n" * 4000),
    INVITE,
    FORM,
)  # fmt: skip
GALLERY = Message("A lesson: what is drift?", BLOCKS)

TRICKS = (
    "<!channel> <!here|x> <@U1> <#C1> <https://evil.example|bank>",
    "*bold* _it_ ~gone~ `code` **b** __b__ [x](https://evil.example) ![i](https://evil.example/i.png)",
    "> quote\n- list\n1. one\n# head\n&lt;!channel&gt; &amp;",
    "<b>bold</b><script>alert(1)</script><at>Bob</at> {{DATE(2026-01-01T00:00:00Z)}}",
    "invoice\u202egpj.exe \u2066x\u2069 a\x00b\x1b[31m \ud800 zero\u200bwidth",
    "long " * 8_000,
)


def hostile(text: str) -> Message:
    """The same words in every place that takes words (short ones where a limit says so)."""
    short = text[:60] or " "
    spans: Spans = (
        Plain(text),
        Strong(text),
        Emphasis(text),
        Mono(text),
        Link(text, ADDRESS),
        Mention("mallory", text),
    )
    pick = (Pick("p", short),)
    form = Form(
        id="f",
        title=short[:24],
        fields=(TextInput(name="n", label=text, hint=text, value=text),),
        intro=spans,
        submit=short,
    )
    return Message(
        text if text.strip() else "s",
        (
            Heading(text), Text(spans), Fields(((text, spans),)), Note(spans), Note((Plain(text),)), Image(ADDRESS, text), Code(text),
            Table((short, "b"), ((text, text),) * 20), Chart("bar", text, (short,), (Series(short, (1.0,)),), text or " ", short), Progress(text, 1, 2),
            Buttons((Button(short[:40], "a", "v"),)), Choice(text, "c", pick), File(text, text, b""),
            Invite("u", 0, "CANCEL", START, START, text, text, "o", place=text), form,
        ),
    )  # fmt: skip


def kinds_of(union: object) -> set[type]:
    """The classes of a union."""
    return set(get_args(union))


def spans_of(message: Message) -> set[type]:
    """The span classes a message shows in its texts."""
    return {type(span) for block in message.blocks if isinstance(block, Text) for span in block.spans}


assert kinds_of(Block) == {type(block) for block in BLOCKS}
assert kinds_of(Span) == {type(span) for span in SPANS}
assert kinds_of(FormField) == {type(field) for field in FIELDS}
