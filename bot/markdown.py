"""Our Markdown subset: paragraphs, lists, fenced code, **strong**, *emphasis*, `code` and [links](https://...).

Parsing gives spans and blocks, never markup: escaping belongs to the renderers. Anything else is plain text.
"""

from __future__ import annotations

import re

from bot.messages import Code, Emphasis, Link, Mono, Plain, Span, Spans, Strong, Text

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<![*\w])\*(?P<star>[^*\s](?:[^*\n]*[^*\s])?)\*(?![*\w])"
    r"|(?<![_\w])_(?P<under>[^_\s](?:[^_\n]*[^_\s])?)_(?![_\w])"
    r"|\[(?P<label>[^\[\]\n]+)\]\((?P<url>(?:https?://|mailto:)[^\s)]+)\)"
)
_BULLET = re.compile(r"^\s*[-*]\s+")
# Looked for one after the other: in one expression every opening without an end would be searched to the end of the text.
_OPENING = re.compile(r"^```[^\n]*\n", re.MULTILINE)
_CLOSING = re.compile(r"\n?```$", re.MULTILINE)


def spans(text: str) -> Spans:
    """Parse one run of text (no block structure)."""
    found: list[Span] = []
    at = 0
    for match in _INLINE.finditer(text):
        if match.start() > at:
            found.append(Plain(text[at : match.start()]))
        found.append(_span(match))
        at = match.end()
    if at < len(text):
        found.append(Plain(text[at:]))
    return tuple(found)


def blocks(text: str) -> tuple[Text | Code, ...]:
    """Parse paragraphs, lists and fenced code; lines inside a paragraph are joined, list items become bullet lines."""
    found: list[Text | Code] = []
    at = 0
    while (opening := _OPENING.search(text, at)) and (closing := _CLOSING.search(text, opening.end())):
        found.extend(_paragraphs(text[at : opening.start()]))
        found.append(Code(text[opening.end() : closing.start()]))
        at = closing.end()
    found.extend(_paragraphs(text[at:]))
    return tuple(found)


def _paragraphs(text: str) -> list[Text | Code]:
    return [Text(spans(_joined(part))) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _joined(paragraph: str) -> str:
    lines: list[list[str]] = []
    for line in paragraph.strip().splitlines():
        if _BULLET.match(line):
            lines.append([_BULLET.sub("\N{BULLET} ", line)])
        elif lines:
            lines[-1].append(line.strip())
        else:
            lines.append([line.strip()])
    return "\n".join(map(" ".join, lines))


def _span(match: re.Match[str]) -> Span:
    groups = match.groupdict()
    if groups["code"]:
        return Mono(groups["code"])
    if groups["strong"]:
        return Strong(groups["strong"])
    if groups["label"]:
        return Link(groups["label"], groups["url"])
    return Emphasis(groups["star"] or groups["under"])
