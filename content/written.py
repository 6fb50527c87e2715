"""Questions as the YAML that a pack's file holds, for what was imported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from bot.domain.pack import Question

_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def entries(questions: Iterable[Question]) -> str:
    """Lines to put below ``questions:``. JSON strings are YAML strings, so nothing in a text can become YAML."""
    return "".join(_entry(question) for question in questions)


def _entry(question: Question) -> str:
    lines = [
        f"  - id: {_slug(question.id)}",
        f"    rev: {question.rev}",
        f"    type: {question.type}",
        f"    stem: {_text(question.stem)}",
        "    options:",
    ]
    for option in question.options:
        lines += [f"      - id: {option.id}", f"        text: {_text(option.text)}"]
        lines += ["        correct: true"] if option.correct else []
        lines.append(f"        why: {_text(option.why)}")
    lines += [f"    hint: {_text(question.hint)}"] if question.hint else []
    lines += [
        f"    concepts: [{', '.join(_text(concept) for concept in question.concepts)}]",
        f"    difficulty: {question.difficulty}",
        f"    bloom: {question.bloom}",
        f"    core: {'true' if question.core else 'false'}",
        f"    status: {question.status}",
        "    sources: []",
    ]
    return "\n".join(lines) + "\n"


def _slug(id: str) -> str:
    return _text(id.rpartition("/")[2])


def _text(text: str) -> str:
    """A JSON string is a YAML string, but for half characters, which are none, and those that YAML does not print."""
    return _UNPRINTED.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= code < 0xE000 else f"\\u{code:04x}"
