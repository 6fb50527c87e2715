"""One item of a pack as a message, without a store: what an author looks at before it is taught."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.cli.output import fail
from bot.asking import asked, put
from bot.features.glossary.screens import term_card
from bot.features.lessons.screens import Card, lesson_card
from bot.messages import Message, clip
from bot.ports.lessons import Asking
from content import loader
from content.catalog import CompiledCatalog
from content.texts import JinjaTexts


def screen(folder: Path, id: str, role: str | None) -> Message:
    """The message for ``kind/slug`` or ``pack:kind/slug``; leaves with a sentence when there is no such item."""
    compiled = loader.compile_pack(folder)
    catalog = CompiledCatalog(compiled.pack, loader.version(loader.encode(compiled.pack)))
    full = id if ":" in id else f"{compiled.pack.id}:{id}"
    texts = JinjaTexts()
    if full in catalog.lessons:
        lesson = catalog.lessons[full]
        return lesson_card(texts, catalog, Card(lesson, _asking(catalog, lesson.core_question), role, 1, 1))
    if full in catalog.terms:
        return term_card(texts, catalog, catalog.terms[full], datetime.now(UTC).date(), in_channel=False)
    if full in catalog.questions:
        question = catalog.questions[full]
        return Message(
            clip(question.stem, 300), tuple(asked(texts, question, _asking(catalog, full), "lessons.answer"))
        )
    fail(f"There is no lesson, term or question {full}.", "Ids look like lesson/slug, term/slug or question/slug.")


def _asking(catalog: CompiledCatalog, question: str) -> Asking:
    return put(
        catalog.questions[question], id="preview", source="preview", source_id="0", position=1, pack=catalog.version
    )
