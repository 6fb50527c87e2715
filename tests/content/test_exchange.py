"""Questions in and out as GIFT and CSV: what goes out comes back, and what cannot be used says why."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pack import Option, Question
from content import gift, sheet, written
from content.gift import Entry
from content.yaml_reader import Document, read

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40).map(
    lambda text: " ".join(text.split()) or "x"
)


def taken(entries: Iterable[Entry]) -> list[Question]:
    return [entry.question for entry in entries if entry.question]


@st.composite
def questions(draw):
    texts = draw(st.lists(WORDS, min_size=3, max_size=4))
    right = draw(st.sets(st.integers(0, len(texts) - 1), min_size=1)) if draw(st.booleans()) else {0}
    options = tuple(
        Option(letter, text, draw(WORDS), at in right)
        for at, (letter, text) in enumerate(zip("abcd", texts, strict=False))
    )
    return Question(
        id="core:question/one-1",
        rev=1,
        status="draft",
        stem=draw(WORDS),
        options=options,
        topic="data",
        type="single" if right == {0} else "multi",
    )


@pytest.mark.parametrize("form", [gift, sheet])
@given(question=questions())
def test_what_goes_out_comes_back(form, question):
    (entry,) = form.read(form.written([question]), "data", "core")
    assert entry.problem == ""
    assert entry.question == question


@pytest.mark.parametrize(
    "text", ["%50% of them", "a -> b", "[html] tags", "#### x", "\\n is two letters", "=", "a{b}c~d", "::x::"]
)
def test_what_looks_like_gift_comes_back_as_words(text):
    options = (Option("a", text, text, True), Option("b", f"x {text}", "", False))
    question = Question(id="core:question/x", rev=1, status="draft", topic="data", stem=text, options=options)
    assert taken(gift.read(gift.written([question]), "data", "core")) == [question]


@given(questions())
def test_what_is_written_as_yaml_reads_the_same(question):
    value = cast("dict[str, Any]", read("questions:\n" + written.entries([question])).value)
    (fields,) = value["questions"]
    fields["topic"], fields["id"] = "data", f"core:question/{fields['id']}"
    assert msgspec.convert(fields, Question) == question


@given(st.text(max_size=200))
def test_any_text_is_yaml_when_written(text):
    question = Question(id="core:question/x", rev=1, stem=text, options=(Option("a", text, text, True),))
    assert isinstance(read("questions:\n" + written.entries([question])), Document)


@pytest.mark.parametrize("form", [gift, sheet])
@given(st.text(max_size=200) | st.text(alphabet='{}=~#%:\\/\n ab,"', max_size=80))
def test_no_text_breaks_a_reader(form, text):
    for entry in form.read(text, "data", "core"):
        assert (entry.question is None) == bool(entry.problem)


MOODLE = """// a comment
$CATEGORY: a/b

::Feed check::[html]What comes {
=first #Yes\\: it is cheap.
~second #It is dear.
~third
}

Two plus two is four. {T#You said no.#Right.}

How many? {#4:0}

Match {=a -> b =c -> d}

Free {=anything}

Which ones? { ~%50%one ~%50%two ~%-100%three }

no answers here
"""


def test_a_file_of_moodle():
    found = list(gift.read(MOODLE, "data", "core"))
    assert [(one.line, bool(one.question)) for one in found] == [
        (4, True),
        (10, True),
        (12, False),
        (14, False),
        (16, False),
        (18, True),
        (20, False),
    ]
    first, truth, several = taken(found)
    assert (first.id, first.stem, first.right.text, first.right.why) == (
        "core:question/feed-check",
        "What comes",
        "first",
        "Yes: it is cheap.",
    )
    assert (truth.type, truth.right.text, truth.right.why, truth.options[1].why) == (
        "boolean",
        "True",
        "Right.",
        "You said no.",
    )
    assert several.type == "multi"
    assert [one.correct for one in several.options] == [True, True, False]
    assert found[2].problem.startswith("only questions with options")


def test_the_right_option_comes_first_whatever_the_file_says():
    (question,) = taken(gift.read("Q {~wrong#w =right#r ~other#o}", "data", "core"))
    assert [(one.id, one.text, one.correct) for one in question.options] == [
        ("a", "right", True),
        ("b", "wrong", False),
        ("c", "other", False),
    ]


def test_a_table_from_a_spreadsheet():
    text = "\ufeffstem,option_a,option_b,why_a,correct\nWhich?,No,Yes,Because,b\n,No,Yes,,a\nWhich?,No,Yes,,z\nA,B,C,D,a,E,F\n"
    found = list(sheet.read(text, "data", "core"))
    assert [(one.line, bool(one.question)) for one in found] == [(2, True), (3, False), (4, False), (5, False)]
    (question,) = taken(found)
    assert question.id == "core:question/data-imported-2"
    assert question.right.text == "Yes"
    assert found[2].problem == "correct: 'z' is not among the options"


def test_a_cell_never_becomes_a_formula():
    question = Question(id="core:question/x", rev=1, stem="=1+1", options=(Option("a", "@x", "-1", True),))
    cells = sheet.written([question]).splitlines()[1].split(",")
    assert [cell for cell in cells if cell[:1] in "=+-@" and cell] == []
