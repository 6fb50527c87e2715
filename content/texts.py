"""Our own wording: Jinja2 blocks in ``texts/<feature>.md.j2``, rendered to spans so that no value can become markup.

A printed value never enters the text. One private-use character stands in for it until the Markdown is parsed; only then is
the value put in, as literal words or as the spans it is. Inside ``{% if %}`` and ``{% for %}`` a template sees the raw values.
What a macro or ``self.block()`` returns is a value too and would be shown literally: repeat the words, or use a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateNotFound, Undefined, pass_context
from jinja2.runtime import Context, new_context

from bot import markdown
from bot.messages import Emphasis, Link, Mention, Mono, Plain, Span, Spans, Strong, plain

FOLDER = Path(__file__).parent / "texts"
SUFFIX = ".md.j2"

_FIRST, _LAST = 0xF0000, 0xFFFFD  # private use, plane 15
_TOKEN = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_SLOTS = "_slots"
_BREAK = re.compile(r"\n[ \t]*\n\s*")
_ITEM = re.compile(r"\s*[-\u2022]\s+")
_SPANS = (Plain, Strong, Emphasis, Mono, Link, Mention)
_LASTING = (str, int, float, *_SPANS)  # values that cannot change
_REMEMBERED = 2_000  # wordings with their values; the same few are asked for all day


class JinjaTexts:
    """Implements ``bot.ports.texts.Texts`` over one folder; a feature's file is read when first used."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._environment = _environment(folder)
        # ``typed``: 1 and True are equal, and only one of them is a number to print.
        self._remembered = lru_cache(maxsize=_REMEMBERED, typed=True)(self._rendered)

    def render(self, key: str, /, **values: object) -> Spans:
        """Parse the wording with values as opaque tokens. Raises ``KeyError`` for an unknown key."""
        if all(isinstance(value, _LASTING) or _is_spans(value) for value in values.values()):
            return self._remembered(key, **values)
        return self._rendered(key, **values)

    def _rendered(self, key: str, /, **values: object) -> Spans:
        feature, _, name = key.partition(".")
        template = self._template(feature, key)
        if name not in template.blocks:
            raise KeyError(key)
        slots: list[Spans] = []
        # Without the other blocks, of which a feature has dozens: no block shows another one, and copying them takes longest.
        context = new_context(
            template.environment, template.name, {}, {**values, _SLOTS: slots}, globals=template.globals
        )
        text = "".join(template.blocks[name](context))
        return tuple(_merged(_filled(markdown.spans(_laid_out(text)), slots)))

    def keys(self) -> list[str]:
        """Every key there is; reads every file, so it is for tests and documentation."""
        features = sorted(path.name.removesuffix(SUFFIX) for path in self._folder.glob(f"*{SUFFIX}"))
        return [f"{feature}.{name}" for feature in features for name in self._template(feature, feature).blocks]

    def _template(self, feature: str, key: str) -> Template:
        try:
            return self._environment.get_template(feature + SUFFIX)
        except TemplateNotFound as error:
            raise KeyError(key) from error


@cache
def _environment(folder: Path) -> Environment:
    """One for a folder and process: a file is compiled once, however many times the service is put together."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=False,  # noqa: S701 - the output is spans, never HTML; escaping belongs to the renderers
        undefined=StrictUndefined,
        finalize=_stand_in,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["plural"] = plural
    return environment


def _is_spans(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, _SPANS) for one in value)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 lesson``, ``2 lessons``; an irregular plural is given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@pass_context
def _stand_in(context: Context, value: object) -> str:
    """Keep a printed value aside; ``pass_context`` also keeps Jinja from folding constants past this function."""
    slots: list[Spans] = context[_SLOTS]
    slots.append(_as_spans(value))
    if len(slots) > _LAST - _FIRST:
        raise ValueError("too many values in one text")
    return chr(_FIRST + len(slots) - 1)


def _as_spans(value: object) -> Spans:
    if isinstance(value, Undefined):
        str(value)  # StrictUndefined names the missing value in what it raises
    match value:
        case str():
            return (Plain(_TOKEN.sub("", value)),) if value else ()
        case bool():
            return _refuse(value)  # a Boolean in a sentence is a slip; it is an int, so it must be asked for first
        case int() | float():
            return (Plain(str(value)),)
        case Plain() | Strong() | Emphasis() | Mono() | Link() | Mention():
            return (value,)
        case tuple() | list():
            return tuple(span if isinstance(span, _SPANS) else _refuse(span) for span in value)
        case _:
            return _refuse(value)


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"a text prints strings, numbers and spans, not {type(value).__name__}")


def _laid_out(text: str) -> str:
    """Lines of a paragraph joined, list items on lines of their own, one empty line between paragraphs."""
    return "\n\n".join(_paragraph(part) for part in _BREAK.split(text.strip()) if part)


def _paragraph(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        if _ITEM.match(line):
            lines.append(_ITEM.sub("\N{BULLET} ", line, count=1).rstrip())
        elif lines:
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    return "\n".join(lines)


def _filled(spans: Spans, slots: list[Spans]) -> Iterator[Span]:
    for span in spans:
        if isinstance(span, Mention):
            yield span
        elif isinstance(span, Link):
            yield Link(_words(span.text, slots), _address(span.url, slots))
        else:
            for part in _pieces(span.text):
                yield from (_styled(span, one) for one in _slot(part, slots))


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    """Plain words that ended up side by side become one span."""
    waiting = ""
    for span in spans:
        if isinstance(span, Plain):
            waiting += span.text
            continue
        if waiting:
            yield Plain(waiting)
        waiting = ""
        yield span
    if waiting:
        yield Plain(waiting)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield match[0]
        at = match.end()
    if at < len(text):
        yield text[at:]


def _slot(part: str, slots: list[Spans]) -> Spans:
    """The spans a token stands for, or the words themselves."""
    return slots[ord(part) - _FIRST] if _TOKEN.fullmatch(part) else (Plain(part),)


def _styled(around: Plain | Strong | Emphasis | Mono, inside: Span) -> Span:
    """Plain words take on the style around them; a span with a style of its own keeps it."""
    return type(around)(inside.text) if isinstance(inside, Plain) else inside


def _words(text: str, slots: list[Spans]) -> str:
    return _TOKEN.sub(lambda match: plain(_slot(match[0], slots)), text)


def _address(url: str, slots: list[Spans]) -> str:
    return _TOKEN.sub(lambda match: quote(plain(_slot(match[0], slots)), safe=""), url)
