"""Spans for Teams: RichTextBlock with TextRuns, in which Markdown means nothing and a person's words are shown as typed.

A TextBlock parses a subset of Markdown, and its backslash escapes differ between desktop and phone. So it is used only
where the card schema offers nothing else (headings, the fallback of a chart), with :func:`escaped` words. A link is a run
with an Action.OpenUrl: it cannot be faked by typing Markdown. A mention is the name as text: a real one needs a TextBlock
and would ring a person for something a third one typed.
"""

from __future__ import annotations

import re
from typing import Any

from adapters.teams import limits
from bot.domain.wording import clean, one_line
from bot.messages import Emphasis, Link, Mention, Mono, Plain, Span, Spans, Strong, clip

Json = dict[str, Any]

_INLINE = re.compile(r"([\\*`\[\]]|(?<![^\W_])_|_(?![^\W_]))")
_LINE_START = re.compile(r"^(\s*)([-+#>]|\d+[.)])", re.MULTILINE)


def escaped(text: str) -> str:
    """Words for a TextBlock: no Markdown, no ``{{DATE(...)}}`` function of the client."""
    inert = _INLINE.sub(r"\\\1", clean(text))
    inert = _LINE_START.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", inert)
    return re.sub(r"\{(?=\{)", "{ ", inert)  # three in a row too


def label(text: str, limit: int) -> str:
    """One line for a button, a label or a title; these may not be blank, not even for words that are all control characters."""
    return clip(one_line(text), limit) or "\N{HORIZONTAL ELLIPSIS}"


def rich(spans: Spans, *, small: bool = False, limit: int = limits.WORDS) -> list[Json]:
    """One RichTextBlock a line: clients differ on what a newline inside a run becomes, a block is a line on all of them."""
    return [
        {"type": "RichTextBlock", "inlines": line, **({"spacing": "None"} if at else {})}
        for at, line in enumerate(_lines(spans, small=small, limit=limit))
    ]


def run(text: str, *, small: bool = False, **looks: Any) -> Json:
    """One TextRun."""
    subtle = {"size": "Small", "isSubtle": True} if small else {}
    return {"type": "TextRun", "text": text, **looks, **subtle}


def _lines(spans: Spans, *, small: bool, limit: int) -> list[list[Json]]:
    lines: list[list[Json]] = [[]]
    left = limit
    for span in spans:
        words = _words(span)
        shown = clip(words, left) if left else ""
        left -= len(shown)
        for at, part in enumerate(shown.split("\n")):
            if at:
                lines.append([])
            if part:
                lines[-1].append(run(part, small=small, **_looks(span)))
        if len(shown) < len(words):
            break
    return [line for line in lines if line]


def _words(span: Span) -> str:
    match span:
        case Mention(name=name):
            return f"@{one_line(name)}"
        case Plain(text=text) | Strong(text=text) | Emphasis(text=text) | Mono(text=text) | Link(text=text):
            return clean(text)


def _looks(span: Span) -> Json:
    match span:
        case Plain():
            return {}
        case Strong() | Mention():
            return {"weight": "Bolder"}
        case Emphasis():
            return {"italic": True}
        case Mono():
            return {"fontType": "Monospace"}
        case Link(url=url):
            target = "".join(clean(url).split())
            if len(target) > limits.URL:
                return {}
            return {"color": "Accent", "underline": True, "selectAction": {"type": "Action.OpenUrl", "url": target}}
