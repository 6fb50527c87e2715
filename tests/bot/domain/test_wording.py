"""Words made safe and plain."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.wording import bar, clean, grid, one_line, weight


@given(st.text(st.characters(codec=None)))
def test_nothing_unseen_is_left(text):
    made = clean(text)
    assert not [sign for sign in made if unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"]
    assert not [
        sign
        for sign in made
        if unicodedata.bidirectional(sign) in {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
    ]
    assert clean(made) == made
    made.encode()


def test_line_breaks_become_newlines_and_emoji_stay_whole():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert clean(f"a\r\nb\rc\u2028d\x85{family}") == f"a\nb\nc\nd\n{family}"
    assert one_line(" a\n\tb  c\u202e ") == "a b c"


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [
        (0, 10, "░" * 10),
        (3, 10, "███" + "░" * 7),
        (10, 10, "█" * 10),
        (12, 10, "█" * 10),
        (0, 0, "░" * 10),
        (-1, 4, "░" * 10),
    ],
)
def test_a_bar_has_ten_cells(done, total, shown):
    assert bar(done, total) == f"{shown} {done} of {total}"


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (12_345, "12 kB"), (3_400_000, "3.4 MB")]
)
def test_a_weight_is_for_people(size, shown):
    assert weight(size) == shown


def test_a_grid_is_aligned_and_each_row_one_line():
    assert grid(("Term", "n"), (("a\nb", "12"), ("", ""))) == "Term  n\n────  ──\na b   12\n"
