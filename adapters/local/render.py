"""Neutral messages as HTML: pure functions, message in, markup out. Every word of a person is escaped here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from markupsafe import Markup, escape

from adapters.local import charts
from adapters.local.forms import Members, form_html, options
from bot.domain.calendar import zone_named
from bot.domain.wording import clean, one_line, weight
from bot.messages import (
    Block,
    Button,
    Buttons,
    Chart,
    Choice,
    Code,
    Divider,
    Emphasis,
    Fields,
    File,
    Form,
    Heading,
    Image,
    Invite,
    Link,
    Mention,
    Message,
    Mono,
    Note,
    Plain,
    Progress,
    Span,
    Spans,
    Strong,
    Table,
    Text,
)

_NOBODY: Mapping[str, str] = {}
_BULLET = "\N{BULLET} "


def html(
    content: Message, prefix: str = "m", *, files: str = "", zone: str = "UTC", members: Members = _NOBODY
) -> Markup:
    """The body of a message. Ids begin with ``prefix``; ``files`` is the address under which its files lie, by block."""
    if not content.blocks:
        return _paragraphs((Plain(content.summary),))
    page = _Page(prefix, files, zone, members)
    return Markup("\n").join(page.block(block, at) for at, block in enumerate(content.blocks))


def form(content: Form, prefix: str = "f", members: Members = _NOBODY) -> Markup:
    """A form on its own, for a dialog."""
    return form_html(content, _paragraphs(content.intro), prefix, members)


def inline(spans: Spans) -> Markup:
    """Spans as phrasing content; a newline is a line break."""
    return Markup("").join(map(_span, spans))


class _Page:
    """One message in the making: what its blocks share."""

    def __init__(self, prefix: str, files: str, zone: str, members: Members) -> None:
        self._prefix = prefix
        self._files = files
        self._zone = zone
        self._members = members

    def block(self, block: Block, at: int) -> Markup:  # noqa: C901 - one case a block, and mypy proves it is all of them
        match block:
            case Heading(text=text):
                return Markup("<h3>{}</h3>").format(one_line(text))
            case Text(spans=spans):
                return _paragraphs(spans)
            case Fields(items=items):
                return _fields(items)
            case Divider():
                return Markup("<hr>")
            case Note(spans=spans):
                return Markup('<p class="note"><small>{}</small></p>').format(inline(spans))
            case Image(url=url, alt=alt):
                return _image(url, alt)
            case Code(text=text):
                return Markup('<pre tabindex="0"><code>{}</code></pre>').format(clean(text))
            case Table():
                return _table(block)
            case Chart():
                return _chart(block)
            case Progress():
                return _progress(block)
            case Buttons():
                return _row(block)
            case Choice():
                return _choice(block, f"{self._prefix}-{at}")
            case File(name=name, mime=mime, data=data):
                return self._file(at, name, f"{one_line(mime)}, {weight(len(data))}")
            case Invite():
                return self._invite(block, at)
            case Form():
                return form_html(block, _paragraphs(block.intro), f"{self._prefix}-{at}", self._members)

    def _file(self, at: int, name: str, about: str) -> Markup:
        """A download link; without an address (a message that is not kept) only what the file is."""
        shown = one_line(name)
        if self._files:
            link = Markup('<a href="{files}{at}" download="{name}">{name}</a>').format(
                files=self._files, at=at, name=shown
            )
        else:
            link = Markup("<strong>{}</strong>").format(shown)
        return Markup('<p class="file">{link} <small>{about}</small></p>').format(link=link, about=about)

    def _invite(self, invite: Invite, at: int) -> Markup:
        minutes = int((invite.end - invite.start).total_seconds() // 60)
        state = "Cancelled. " if invite.method == "CANCEL" else ""
        place = f", {one_line(invite.place)}" if invite.place else ""
        return Markup(
            '<div class="invite"><p><strong>{title}</strong><br>{state}<time datetime="{iso}">{when}</time>, {minutes} min{place}</p>{file}</div>'
        ).format(
            title=one_line(invite.title), state=state, iso=invite.start.isoformat(),
            when=local(invite.start, self._zone), minutes=minutes, place=place, file=self._file(at, "invite.ics", "calendar entry"),
        )  # fmt: skip


def local(at: datetime, zone: str) -> str:
    """A moment on the wall clock of a zone, such as ``Tue 3 Nov 2026, 15:00 (Europe/Berlin)``."""
    there = at.astimezone(zone_named(zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} ({zone})"


def _span(span: Span) -> Markup:
    match span:
        case Plain(text=text):
            return _broken(text)
        case Strong(text=text):
            return Markup("<strong>{}</strong>").format(_broken(text))
        case Emphasis(text=text):
            return Markup("<em>{}</em>").format(_broken(text))
        case Mono(text=text):
            return Markup("<code>{}</code>").format(clean(text))
        case Link(text=text, url=url):
            return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
                url, one_line(text) or url
            )
        case Mention(name=name):
            return Markup('<span class="mention">@{}</span>').format(one_line(name))


def _broken(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in clean(text).split("\n"))


def _paragraphs(spans: Spans) -> Markup:
    """Paragraphs and lists: a run of lines that begin with a bullet is a list."""
    made: list[Markup] = []
    items: list[Markup] = []
    words: list[Markup] = []
    for line in _lines(spans):
        if _is_item(line):
            _flush_words(words, made)
            items.append(Markup("<li>{}</li>").format(inline(_without_bullet(line))))
        else:
            _flush_items(items, made)
            words.append(inline(line))
    _flush_items(items, made)
    _flush_words(words, made)
    return _joined(made)


def _flush_items(items: list[Markup], made: list[Markup]) -> None:
    if items:
        made.append(Markup("<ul>{}</ul>").format(_joined(items)))
        items.clear()


def _flush_words(words: list[Markup], made: list[Markup]) -> None:
    if any(words):
        made.append(Markup("<p>{}</p>").format(Markup("<br>").join(words)))
    words.clear()


def _lines(spans: Spans) -> list[Spans]:
    """The spans cut at the newlines of plain words."""
    lines: list[list[Span]] = [[]]
    for span in spans:
        if isinstance(span, Plain):
            first, *rest = clean(span.text).split("\n")
            lines[-1].append(Plain(first))
            lines.extend([Plain(words)] for words in rest)
        else:
            lines[-1].append(span)
    return [tuple(line) for line in lines]


def _is_item(line: Spans) -> bool:
    return bool(line) and isinstance(line[0], Plain) and line[0].text.startswith(_BULLET)


def _without_bullet(line: Spans) -> Spans:
    first = line[0]
    return (Plain(first.text.removeprefix(_BULLET)), *line[1:]) if isinstance(first, Plain) else line


def _fields(items: tuple[tuple[str, Spans], ...]) -> Markup:
    pairs = (
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(one_line(label), inline(value)) for label, value in items
    )
    return Markup('<dl class="fields">{}</dl>').format(_joined(pairs))


def _image(url: str, alt: str) -> Markup:
    """The page loads nothing from elsewhere, so a picture is its description and a link."""
    told = one_line(alt) or "Picture"
    if not url.startswith(("https://", "http://")):
        return Markup("<p>{}</p>").format(told)
    return Markup(
        '<p class="picture">Picture: {told} <a href="{url}" target="_blank" rel="noopener noreferrer">open</a></p>'
    ).format(told=told, url=url)


def _table(table: Table) -> Markup:
    head = _joined(Markup('<th scope="col">{}</th>').format(one_line(name)) for name in table.columns)
    rows = _joined(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            clean(first), _joined(Markup("<td>{}</td>").format(clean(cell)) for cell in rest)
        )
        for first, *rest in table.rows
    )
    named = one_line(", ".join(table.columns))
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="Table: {named}">'
        "<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    ).format(named=named, head=head, rows=rows)


def _chart(chart: Chart) -> Markup:
    return Markup(
        '<figure class="chart"><figcaption>{title}</figcaption>{drawn}{legend}<p class="note"><small>{words}</small></p></figure>'
    ).format(
        title=one_line(chart.title), drawn=charts.svg(chart), legend=charts.legend(chart), words=_broken(chart.text)
    )


def _progress(progress: Progress) -> Markup:
    done, total = max(progress.done, 0), max(progress.total, 1)
    return Markup(
        '<label class="progress"><span>{label}</span><progress max="{total}" value="{done}"></progress>'
        '<span class="number">{real} of {whole}</span></label>'
    ).format(
        label=one_line(progress.label), total=total, done=min(done, total), real=progress.done, whole=progress.total
    )


def _button(button: Button) -> Markup:
    return Markup(
        '<button type="button" class="button {style}" data-action="{action}" data-value="{value}">{label}</button>'
    ).format(style=button.style, action=button.action, value=button.value, label=one_line(button.label))


def _row(row: Buttons) -> Markup:
    named = Markup(' role="group" aria-label="{}"').format(one_line(row.label)) if row.label else ""
    return Markup('<div class="buttons"{}>{}</div>').format(named, _joined(map(_button, row.buttons)))


def _choice(choice: Choice, id: str) -> Markup:
    """A select with its button: acting on every arrow key would leave keyboard users nothing to choose with."""
    return Markup(
        '<form class="choice" data-choice="{action}"><label for="{id}">{label}</label>'
        '<select id="{id}" name="value">{options}</select><button type="submit" class="button plain">Choose</button></form>'
    ).format(action=choice.action, id=id, label=one_line(choice.label), options=options(choice.options, choice.chosen))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
