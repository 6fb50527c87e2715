"""Questions as a table (CSV), for people who write in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from bot.domain.pack import Question
from content.gift import LETTERS, Entry

OPTIONS = 4
_OPTION_COLUMNS = [f"{part}_{letter}" for letter in LETTERS[:OPTIONS] for part in ("option", "why")]
COLUMNS = ("id", "topic", "type", "stem", *_OPTION_COLUMNS, "correct", "hint", "concepts", "difficulty", "core")
# A cell that begins like a formula is run by a spreadsheet; the apostrophe makes it text and goes when it is read.
_FORMULA = re.compile(r"^[=+\-@\t\r']")


def written(questions: Iterable[Question]) -> str:
    """One line a question; questions with more than four options are left out."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for question in questions:
        if len(question.options) <= OPTIONS:
            table.writerow({name: _guarded(value) for name, value in _row(question).items()})
    return out.getvalue()


def _row(question: Question) -> dict[str, str]:
    options = {f"option_{letter}": one.text for letter, one in zip(LETTERS, question.options, strict=False)}
    reasons = {f"why_{letter}": one.why for letter, one in zip(LETTERS, question.options, strict=False)}
    return {
        "id": question.id,
        "topic": question.topic,
        "type": question.type,
        "stem": question.stem,
        **options,
        **reasons,
        "correct": " ".join(LETTERS[at] for at, one in enumerate(question.options) if one.correct),
        "hint": question.hint,
        "concepts": " ".join(question.concepts),
        "difficulty": str(question.difficulty),
        "core": "yes" if question.core else "no",
    }


def read(text: str, topic: str, pack: str) -> Iterator[Entry]:
    """Every line of a table, in order; what cannot be used says why. Columns may be missing or in another order."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        for row in rows:
            try:
                yield Entry(rows.line_num, _question(row, topic, pack, rows.line_num))
            except (ValueError, msgspec.ValidationError) as error:
                yield Entry(rows.line_num, None, str(error))
    except csv.Error as error:
        yield Entry(rows.line_num, None, str(error))


def _question(row: dict[str, Any], topic: str, pack: str, line: int) -> Question:
    if None in row:
        raise ValueError("more cells than columns")
    cells = {name: _bare(value or "").strip() for name, value in row.items()}
    if not cells.get("stem"):
        raise ValueError("no stem")
    right = set(cells.get("correct", "").lower().replace(",", " ").split()) or {"a"}
    letters = [letter for letter in LETTERS[:OPTIONS] if cells.get(f"option_{letter}")]
    if not right <= set(letters):
        raise ValueError(f"correct: {cells.get('correct', '')!r} is not among the options")
    if cells.get("type", "single") in {"", "single", "boolean"}:
        letters.sort(key=lambda letter: letter not in right)
    slug = cells.get("id", "").rpartition("/")[2] or f"{topic}-imported-{line}"
    fields = {
        "id": f"{pack}:question/{slug}",
        "rev": 1,
        "status": "draft",
        "topic": topic,
        "type": cells.get("type") or "single",
        "stem": cells["stem"],
        "options": [
            {
                "id": LETTERS[at],
                "text": cells[f"option_{letter}"],
                "why": cells.get(f"why_{letter}", ""),
                "correct": letter in right,
            }
            for at, letter in enumerate(letters)
        ],
        "hint": cells.get("hint", ""),
        "concepts": cells.get("concepts", "").split(),
        "difficulty": int(cells.get("difficulty") or 1),
        "core": cells.get("core", "").lower() in {"yes", "true", "1"},
    }
    return msgspec.convert(fields, Question)


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _bare(cell: str) -> str:
    return cell.removeprefix("'")
