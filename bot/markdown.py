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
    r"|\[(?P<label>[^\]\n]+)\]\((?P<url>(?:https?://|mailto:)[^\s)]+)\)"
)
_BULLET = re.compile(r"^\s*[-*]\s+")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)\n?```$", re.DOTALL | re.MULTILINE)


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
    for fence in _FENCE.finditer(text):
        found.extend(_paragraphs(text[at : fence.start()]))
        found.append(Code(fence.group(1)))
        at = fence.end()
    found.extend(_paragraphs(text[at:]))
    return tuple(found)


def _paragraphs(text: str) -> list[Text | Code]:
    return [Text(spans(_joined(part))) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _joined(paragraph: str) -> str:
    lines: list[str] = []
    for line in paragraph.strip().splitlines():
        if _BULLET.match(line):
            lines.append(_BULLET.sub("\N{BULLET} ", line))
        elif lines:
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    return "\n".join(lines)


def _span(match: re.Match[str]) -> Span:
    groups = match.groupdict()
    if groups["code"]:
        return Mono(groups["code"])
    if groups["strong"]:
        return Strong(groups["strong"])
    if groups["label"]:
        return Link(groups["label"], groups["url"])
    return Emphasis(groups["star"] or groups["under"])
