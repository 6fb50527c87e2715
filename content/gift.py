"""Questions in GIFT, the plain-text form that Moodle and others exchange: single, multiple and true/false choice.

Format: https://docs.moodle.org/en/GIFT_format. Feedback is obligatory here, for every option of ours has a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bot.domain.pack import Option, Question, QuestionType

LETTERS = "abcdefgh"
TEXT_LIMIT = 20_000  # of one question

_SPECIAL = re.compile(r"([\\~=#{}:])")
_ESCAPED = re.compile(r"\\([\\~=#{}:%n])")
_TITLE = re.compile(r"\s*::((?:\\.|[^:\\]|:(?!:))*)::", re.DOTALL)
_BODY = re.compile(r"(?P<stem>(?:\\.|[^{\\])*)\{(?P<answers>(?:\\.|[^}\\])*)\}(?P<after>.*)", re.DOTALL)
_ANSWER = re.compile(r"(?P<sign>[=~])(?P<text>(?:\\.|[^=~\\])*)", re.DOTALL)
_FEEDBACK = re.compile(r"(?P<text>(?:\\.|[^#\\])*)(?:#(?P<why>.*))?", re.DOTALL)
_REASON = re.compile(r"#((?:\\.|[^#\\])*)", re.DOTALL)
_WEIGHT = re.compile(r"\s*%(-?\d+(?:\.\d+)?)%")
_FORMAT = re.compile(r"\s*\[(?:html|moodle|plain|markdown)\]")
_TRUTH = re.compile(r"\s*(TRUE|FALSE|T|F)\s*((?:#(?:\\.|[^#\\])*)*)\s*", re.DOTALL)


class Entry(NamedTuple):
    """One question of a file: where it stands, and either what it is or why it was left out."""

    line: int
    question: Question | None
    problem: str = ""


def written(questions: Iterable[Question]) -> str:
    """The questions as GIFT. Types that need no options are left out."""
    return "\n".join(_written(question) for question in questions if question.type in {"single", "multi", "boolean"})


def _written(question: Question) -> str:
    right = sum(option.correct for option in question.options)
    lines = [
        f"// {question.id} rev {question.rev}",
        f"::{_escaped(question.id)}::[markdown]{_escaped(question.stem)} {{",
    ]
    for option in question.options:
        if question.type == "multi":
            sign = f"~%{100 / right:.5g}%" if option.correct else "~%-100%"
        else:
            sign = "=" if option.correct else "~"
        lines.append(f"\t{sign}{_escaped(option.text)}#{_escaped(option.why)}")
    return "\n".join([*lines, "}", ""])


def read(text: str, topic: str, pack: str) -> Iterator[Entry]:
    """Every question of a file, in order; what cannot be used says why."""
    for line, block in _blocks(text):
        if len(block) > TEXT_LIMIT:
            yield Entry(line, None, f"longer than {TEXT_LIMIT:,} characters")
            continue
        try:
            yield Entry(line, _question(block, topic, pack, line))
        except ValueError as error:
            yield Entry(line, None, str(error))


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Questions are parted by empty lines; comments and categories are not part of them."""
    start, lines = 0, list[str]()
    for number, line in enumerate([*text.replace("\r\n", "\n").split("\n"), ""], 1):
        if line.lstrip().startswith(("//", "$CATEGORY:", "$category:")):
            continue
        if line.strip():
            start = start or number
            lines.append(line)
        elif lines:
            yield start, "\n".join(lines)
            start, lines = 0, []


def _question(block: str, topic: str, pack: str, line: int) -> Question:
    title = _TITLE.match(block)
    rest = block[title.end() :] if title else block
    form = _FORMAT.match(rest)
    body = _BODY.fullmatch(rest[form.end() :] if form else rest)
    if body is None:
        raise ValueError("no answers in { }")
    stem = _plain(body["stem"])
    if body["after"].strip():
        stem = f"{stem} ... {_plain(body['after'])}"
    options, type_ = _options(body["answers"])
    id = _id(_plain(title[1]) if title else "", topic, pack, line)
    return Question(id=id, rev=1, stem=stem, options=options, topic=topic, type=type_, status="draft")


def _options(answers: str) -> tuple[tuple[Option, ...], QuestionType]:
    if truth := _TRUTH.fullmatch(answers):
        return _truth(truth)
    found = list(_ANSWER.finditer(answers))
    if not found or _ANSWER.sub("", answers).strip():
        raise ValueError("only questions with options are read, not numbers, matching or free text")
    read = [_option(match, at) for at, match in enumerate(found)]
    weighted = any(_WEIGHT.match(match["text"]) for match in found)
    if not weighted and all(option.correct for option in read):
        raise ValueError("only questions with options are read, not numbers, matching or free text")
    if len(read) > len(LETTERS):
        raise ValueError(f"{len(read)} options")
    if weighted:
        return tuple(read), "multi"
    # Ours has the right one first; letters follow the order of the file.
    right_first = sorted(read, key=lambda option: not option.correct)
    return tuple(Option(LETTERS[at], one.text, one.why, one.correct) for at, one in enumerate(right_first)), "single"


def _option(match: re.Match[str], at: int) -> Option:
    text, weight = match["text"], _WEIGHT.match(match["text"])
    if weight:
        text = text[weight.end() :]
    parts = _FEEDBACK.fullmatch(text)
    if parts is None:
        raise ValueError("an answer ends in a backslash")
    why = (parts["why"] or "").partition("####")[0]  # after ####: feedback for everybody
    correct = float(weight[1]) > 0 if weight else match["sign"] == "="
    return Option(LETTERS[min(at, len(LETTERS) - 1)], _plain(parts["text"]), _plain(why), correct)


def _truth(match: re.Match[str]) -> tuple[tuple[Option, ...], QuestionType]:
    is_true = match[1].startswith("T")
    wrong, right, *_ = [*(_plain(part) for part in _REASON.findall(match[2])), "", ""]
    return (
        Option("a", "True" if is_true else "False", right, correct=True),
        Option("b", "False" if is_true else "True", wrong),
    ), "boolean"


def _id(title: str, topic: str, pack: str, line: int) -> str:
    """The title where it is an id already, or else a slug made from it."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.rpartition("/")[2].casefold()).strip("-")[:60].strip("-")
    return f"{pack}:question/{slug or f'{topic}-imported-{line}'}"


def _escaped(text: str) -> str:
    """A text that begins like a weight gets a backslash as well; only we read that one."""
    safe = _SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")
    return f"\\{safe}" if safe.startswith("%") else safe


def _plain(text: str) -> str:
    flat = " ".join(text.split())
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], flat).strip()
