"""One item of a pack as messages, without a store: what an author looks at before it is taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

from adapters.cli import practice
from adapters.cli.output import fail
from bot.asking import asked, put, solution
from bot.domain.pack import Lesson, Question, Quiz, Term
from bot.features.glossary.screens import term_card
from bot.features.lessons.screens import Card, lesson_card
from bot.messages import Heading, Message, Note, Plain, Text, clip, plain
from bot.ports.lessons import Asking, Given
from content import loader
from content.catalog import CompiledCatalog
from content.kinds import AnyItem, items
from content.texts import JinjaTexts


class Previews:
    """Screens of everything in one pack, with a company's words and for one role."""

    def __init__(self, catalog: CompiledCatalog, today: date) -> None:
        self._catalog = catalog
        self._texts = JinjaTexts()
        self._today = today

    def screens(self, item: AnyItem, role: str | None = None) -> Iterator[Message]:
        """The item as the messages that show it; a lesson is followed by the feedback on every option."""
        match item:
            case Lesson():
                yield from self._lesson(item, role)
            case Question():
                yield from self._question(item)
            case Term():
                yield term_card(self._texts, self._catalog, item, self._today, in_channel=True)
            case Quiz():
                yield self._quiz(item)
            case _:
                yield from practice.screens(item)

    def _lesson(self, lesson: Lesson, role: str | None) -> Iterator[Message]:
        asking = self._asking(lesson.core_question)
        card = Card(lesson, asking, (role,) if role else (), 1, 1, self._today)
        yield lesson_card(self._texts, self._catalog, card)
        for option in self._catalog.questions[lesson.core_question].options:
            given = Given(asking.id, "preview", option.id, option.correct, datetime.combine(self._today, time(), UTC))
            yield lesson_card(self._texts, self._catalog, card, given)

    def _question(self, question: Question) -> Iterator[Message]:
        asking, summary = self._asking(question.id), clip(question.stem, 300)
        yield Message(summary, tuple(asked(self._texts, question, asking, "lessons.answer")))
        reasons = [Text((Plain(f"{option.text}: {option.why}"),)) for option in question.options]
        yield Message(summary, (*solution(self._texts, question, asking), *reasons))

    def _quiz(self, quiz: Quiz) -> Message:
        stems = [Text((Plain(f"{at}. {self._catalog.questions[id].stem}"),)) for at, id in enumerate(quiz.questions, 1)]
        term = self._catalog.terms.get(quiz.look_up)
        look_up = [Note((Plain(f"Look up afterwards: {term.term}"),))] if term else []
        return Message(quiz.theme, (Heading(quiz.theme), *stems, *look_up))

    def _asking(self, question: str) -> Asking:
        found = self._catalog.questions[question]
        return put(found, id="preview", source="preview", source_id="0", position=1, pack=self._catalog.version)


def screens(folder: Path, id: str, role: str | None, values: Mapping[str, str], today: date) -> list[Message]:
    """The messages for ``kind/slug`` or ``pack:kind/slug``; leaves with a sentence when there is no such item."""
    compiled = loader.compile_pack(folder)
    catalog = CompiledCatalog(compiled.pack, loader.version(loader.encode(compiled.pack)), values)
    found = next((item for item in items(catalog.pack) if id in {item.id, item.id.partition(":")[2]}), None)
    if found is None:
        fail(f"There is nothing called {id}.", "Ids look like lesson/slug, scenario/slug or template/slug.")
    return list(Previews(catalog, today).screens(found, role))


def company_words(file: Path) -> dict[str, str]:
    """Values for the pack's variables: ``name: word`` lines, or the ``values:`` of a company's pack.yaml."""
    from content.yaml_reader import Malformed, read

    try:
        value = read(file.read_text(encoding="utf-8")).value
    except (OSError, UnicodeDecodeError, Malformed) as error:
        fail(f"{file} cannot be read: {error}")
    inside = value.get("values", value) if isinstance(value, dict) else {}
    return {name: str(word) for name, word in inside.items()} if isinstance(inside, dict) else {}


def words(message: Message) -> str:
    """The words of a message, block by block, as a screen reader would say them."""
    from bot.messages import Buttons, Choice, Code, Form, Table

    lines = [message.summary, ""]
    for block in message.blocks:
        match block:
            case Heading(text=text):
                lines.append(f"# {text}")
            case Text(spans=spans) | Note(spans=spans):
                lines.append(plain(spans))
            case Code(text=text):
                lines.append(text)
            case Buttons(buttons=buttons):
                lines.append("  ".join(f"[{one.label}]" for one in buttons))
            case Choice(label=label, options=options):
                lines.append(f"{label}: " + "  ".join(f"[{one.label}]" for one in options))
            case Table(rows=rows):
                lines += ["  ".join(row) for row in rows]
            case Form(fields=fields):
                lines += [f"{one.label}{' *' if one.required else ''}: ____  {one.hint}" for one in fields]
            case _:
                continue
        lines.append("")
    return "\n".join(lines)
