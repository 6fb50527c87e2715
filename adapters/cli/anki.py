"""Questions and terms as an Anki deck. Ids are made from ours, so that a new export updates the cards somebody has."""

from __future__ import annotations

import html
import zlib
from collections.abc import Iterable
from pathlib import Path

import genanki

from bot import markdown
from bot.domain.pack import Question, Term
from bot.messages import plain

_STYLE = ".card { font-family: sans-serif; font-size: 18px; text-align: left; }"
_FRONT, _BACK = "{{Front}}", "{{FrontSide}}<hr id=answer>{{Back}}"


def write(title: str, questions: Iterable[Question], terms: Iterable[Term], output: Path) -> None:
    """One deck with a card a question and a card a term."""
    deck = genanki.Deck(_number(f"deck/{title}"), title)
    model = genanki.Model(
        _number("model/front-back/1"),
        "MLOps coach",
        fields=[{"name": "Front"}, {"name": "Back"}],
        templates=[{"name": "Card", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )
    for question in questions:
        if question.options:
            deck.add_note(_note(model, question.id, _asked(question), _answered(question), question.topic))
    for term in terms:
        back = f"{_html(term.short)}<br><br>{_html(term.plain)}"
        deck.add_note(_note(model, term.id, _html(term.term), back, term.topic))
    genanki.Package(deck).write_to_file(output)


def _note(model: genanki.Model, id: str, front: str, back: str, topic: str) -> genanki.Note:
    return genanki.Note(model=model, fields=[front, back], guid=genanki.guid_for(id), tags=[topic] if topic else [])


def _asked(question: Question) -> str:
    """Options in the order of their text, for the right one is always first in the file."""
    options = sorted(_html(option.text) for option in question.options)
    return f"{_html(question.stem)}<ul>{''.join(f'<li>{option}</li>' for option in options)}</ul>"


def _answered(question: Question) -> str:
    right = [option for option in question.options if option.correct]
    return "<br>".join(f"<b>{_html(option.text)}</b><br>{_html(option.why)}" for option in right)


def _html(text: str) -> str:
    return html.escape(plain(markdown.spans(text))).replace("\n", "<br>")


def _number(name: str) -> int:
    """A stable 31-bit number, as Anki wants for decks and note types."""
    return zlib.crc32(f"mlops-coach/{name}".encode()) & 0x7FFFFFFF
