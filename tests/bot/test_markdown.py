"""Our Markdown subset: what it knows, and that nothing it does not know is lost or becomes something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markdown import blocks, spans
from bot.messages import Code, Emphasis, Link, Mono, Plain, Strong, Text, plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", (Plain("plain"),)),
        (
            "**a** *b* _c_ `d`",
            (Strong("a"), Plain(" "), Emphasis("b"), Plain(" "), Emphasis("c"), Plain(" "), Mono("d")),
        ),
        ("[x](https://a.example/b)", (Link("x", "https://a.example/b"),)),
        ("[x](mailto:a@b.example)", (Link("x", "mailto:a@b.example"),)),
        ("snake_case_name 2*3*4", (Plain("snake_case_name 2*3*4"),)),
        ("`**not**`", (Mono("**not**"),)),
        ("", ()),
    ],
)
def test_spans(text, found):
    assert spans(text) == found


@pytest.mark.parametrize(
    "text", ["[x](javascript:alert(1))", "[x](file:///etc)", "[x]( https://a.example)", "<b>x</b>", "![x"]
)
def test_what_is_not_ours_stays_words(text):
    assert spans(text) == (Plain(text),)


def test_blocks():
    made = blocks("One\nline.\n\n- a\n- b\n  more\n\n```py\nx = 1\n```\nEnd.")
    assert made == (
        Text((Plain("One line."),)),
        Text((Plain("\u2022 a\n\u2022 b more"),)),
        Code("x = 1"),
        Text((Plain("End."),)),
    )


@given(st.text(max_size=200))
def test_any_text_is_parsed_and_no_word_is_lost(text):
    said = plain(spans(text))
    assert [one for one in text if one.isalnum()] == [one for one in said if one.isalnum()] or "](" in text
    blocks(text)
