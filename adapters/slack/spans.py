"""Spans for Slack: rich text wherever Slack takes it, mrkdwn in fields and small print.

Rich text is a tree of literal strings. Nothing inside it is parsed, so ``<!channel>``, ``*`` or a backtick in a person's
words are shown as typed and there is nothing to escape or to forget. Section fields and context blocks take only
plain_text and mrkdwn. In mrkdwn, ``&``, ``<`` and ``>`` are escaped, which is all Slack documents; it has no escape for
``*``, ``_``, ``~`` and backticks. Characters of no width do not help (clients differ on what ends a word, and we strip
them), so these four become a look-alike there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.slack import limits
from bot.domain.wording import clean, one_line
from bot.messages import Emphasis, Link, Mention, Mono, Plain, Span, Spans, Strong, clip

Json = dict[str, Any]
Mentions = Mapping[str, str]
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LOOK_ALIKES = str.maketrans(
    {"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}", "`": "\N{MODIFIER LETTER GRAVE ACCENT}"}
)
# An underscore inside a word (snake_case) is no markup, so it stays as it is.
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Slack reads an escaped > at the start of a line as a quotation all the same.
_QUOTE = re.compile(r"^(\s*)>", re.MULTILINE)


def slack_id(member: str, mentions: Mentions) -> str | None:
    """The Slack id of a member, if it looks like one: whatever else is in there must not become a mention."""
    known = mentions.get(member, "")
    return known if _MEMBER.fullmatch(known) else None


def plain_text(text: str, limit: int) -> Json:
    """A plain_text object, on one line, never blank (Slack refuses that). ``emoji`` is off: ``:warning:`` in a person's words stays what they typed."""
    return {"type": "plain_text", "text": clip(one_line(text), limit) or ELLIPSIS, "emoji": False}


def elements(spans: Spans, mentions: Mentions) -> list[Json]:
    """Rich text elements; Slack refuses an empty one, so spans without words vanish."""
    return [made for span in spans if (made := _element(span, mentions))]


def _element(span: Span, mentions: Mentions) -> Json | None:
    match span:
        case Plain(text=text):
            return words(text)
        case Strong(text=text):
            return words(text, "bold")
        case Emphasis(text=text):
            return words(text, "italic")
        case Mono(text=text):
            return words(text, "code")
        case Link(text=text, url=url):
            return _link(text, url)
        case Mention(member=member, name=name):
            known = slack_id(member, mentions)
            return {"type": "user", "user_id": known} if known else words(f"@{one_line(name)}")


def words(text: str, style: str = "") -> Json | None:
    """One rich text element, or nothing where nothing is left to show."""
    shown = clean(text)
    if not shown:
        return None
    return {"type": "text", "text": shown, "style": {style: True}} if style else {"type": "text", "text": shown}


def _link(text: str, url: str) -> Json | None:
    target = _target(url)
    if len(target) > limits.URL:
        return words(text)
    return {"type": "link", "url": target, "text": clip(one_line(text), limits.FIELD) or target}


def _target(url: str) -> str:
    return "".join(clean(url).split())


def rich_text(made: list[Json], kind: str = "rich_text_section") -> list[Json]:
    """Rich text blocks of at most 3,000 characters each: long words are split at spaces, not cut off."""
    fits = sum([len(one.get("text", "")) for one in made]) <= limits.SECTION  # as nearly everything does
    parts = [made] if fits and made else _parts(made)
    return [{"type": "rich_text", "elements": [{"type": kind, "elements": part}]} for part in parts]


def paragraphs(made: list[Json]) -> list[list[Json]]:
    """The elements between empty lines. As blocks of their own they stand apart as all blocks do, not by a whole empty line."""
    found: list[list[Json]] = [[]]
    for element in made:
        if element["type"] != "text" or "\n\n" not in element["text"]:
            found[-1].append(element)
            continue
        first, *others = element["text"].split("\n\n")
        found[-1] += [{**element, "text": first}] if first else []
        found += [[{**element, "text": text}] if (text := other.lstrip("\n")) else [] for other in others]
    return [one for one in found if one]


def _parts(made: list[Json]) -> list[list[Json]]:
    parts: list[list[Json]] = [[]]
    room = limits.SECTION
    for element in made:
        for piece in _pieces(element, room):
            size = len(piece.get("text", ""))
            if size > room:
                parts.append([])
                room = limits.SECTION
            parts[-1].append(piece)
            room -= size
    return [part for part in parts if part]


def _pieces(element: Json, room: int) -> list[Json]:
    """A text element cut to fit: first into what is left of this block, then into whole blocks."""
    if element["type"] != "text":
        return [element]
    pieces: list[Json] = []
    rest: str = element["text"]
    while len(rest) > room:
        head, rest = _split(rest, room)
        pieces += [{**element, "text": head}] if head else []
        room = limits.SECTION
    return [*pieces, {**element, "text": rest}] if rest else pieces


def _split(text: str, room: int) -> tuple[str, str]:
    """Cut at the last line break or space of the final quarter, so that no word is torn where it can be helped."""
    for mark in ("\n", " "):
        at = text.rfind(mark, room * 3 // 4, room)
        if at > 0:
            return text[: at + 1], text[at + 1 :]
    return text[:room], text[room:]


def mrkdwn(spans: Spans, mentions: Mentions, limit: int) -> str:
    """Mrkdwn of at most ``limit`` characters. It is cut between marks, never inside one."""
    written = ""
    for span in spans:
        piece = _marked(span, mentions)
        if len(written) + len(piece) > limit:
            return written + _shortened(span, limit - len(written))
        written += piece
    return written


def _shortened(span: Span, room: int) -> str:
    """As much of the last span as fits, as plain words: escaping makes text longer, so shorten until it fits."""
    source = "" if isinstance(span, Mention) else clean(span.text)[: max(room, 0)]
    while source and len(escaped(source)) >= room:
        source = source[: len(source) * 3 // 4]
    return escaped(source) + ELLIPSIS if room > 0 else ""


def _marked(span: Span, mentions: Mentions) -> str:
    match span:
        case Plain(text=text):
            return escaped(text)
        case Strong(text=text):
            return _around("*", text)
        case Emphasis(text=text):
            return _around("_", text)
        case Mono(text=text):
            return _around("`", text)
        case Link(text=text, url=url):
            return (
                f"<{_target(url).translate(_ESCAPES).replace('|', '%7C')}|{escaped(one_line(text)).replace('|', ' ')}>"
            )
        case Mention(member=member, name=name):
            known = slack_id(member, mentions)
            return f"<@{known}>" if known else escaped(f"@{one_line(name)}")


def escaped(text: str) -> str:
    """A person's words inside mrkdwn, with nothing left that Slack would act on."""
    inert = _EDGE_UNDERSCORE.sub("\N{MODIFIER LETTER LOW MACRON}", clean(text).translate(_LOOK_ALIKES))
    return _QUOTE.sub("\\1\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", inert).translate(_ESCAPES)


def _around(mark: str, text: str) -> str:
    """Slack ignores a mark beside a space or across lines, so each line is marked on its own, inside its spaces."""
    return "\n".join(_marked_line(mark, line) for line in clean(text).split("\n"))


def _marked_line(mark: str, line: str) -> str:
    core = line.strip()
    return line.replace(core, f"{mark}{escaped(core)}{mark}", 1) if core else line
