"""The YAML that packs may use, and everything that may not get in."""

import time
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from content import yaml_reader
from content.yaml_reader import DEPTH_LIMIT, Malformed, read


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def loader(request, monkeypatch):
    """Both parsers: the fast one is not everywhere."""
    wanted = yaml.SafeLoader if request.param == "pure" else yaml.CSafeLoader
    monkeypatch.setattr(yaml_reader, "_LOADER", wanted)


def test_plain_values():
    text = "a: 1\nb: -20\nc: 0.5\nd: true\ne: false\nf: null\ng:\nh: ~\ni: [1, x]\nj: {k: v}\n"
    assert read(text).value == {
        "a": 1, "b": -20, "c": 0.5, "d": True, "e": False, "f": None, "g": None, "h": None, "i": [1, "x"], "j": {"k": "v"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "yes",
        "on",
        "off",
        "True",
        "NULL",
        "12:30",
        "2026-11-15",
        "0.1.0",
        "1e5",
        "007",
        "0x1f",
        ".5",
        "1_000",
        "y",
        "1" * 30,
    ],
)
def test_everything_else_stays_the_words_their_author_wrote(word):
    assert read(f"key: {word}").value == {"key": word}


@pytest.mark.parametrize("text", ["'1'", '"true"', ">-\n  null", "|-\n  2.5"])
def test_quoted_and_block_texts_are_never_numbers(text):
    value = read(f"key: {text}").value
    assert isinstance(value, dict)
    assert isinstance(value["key"], str)


def test_block_styles_keep_prose():
    assert read("a: >-\n  one\n  two\nb: |\n  one\n  two\n").value == {"a": "one two", "b": "one\ntwo\n"}


def test_an_empty_text_is_nothing():
    assert read("").value is None
    assert read("# only a comment\n").value is None


def test_every_path_has_its_line():
    lines = read("a:\n  - x\n  - b: 1\n    c: >-\n      long\n", first_line=2).lines
    assert lines["a",] == 2
    assert lines["a", 0] == 3
    assert lines["a", 1, "b"] == 4
    assert lines["a", 1, "c"] == 5


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: &x 1\n", 2, "anchors"),
        ("a: &x [1]\nb: *x\n", 1, "anchors"),
        ("a: *x\n", 1, "aliases"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tags"),
        ("!!map {a: 1}", 1, "tags"),
        ("a: ! x", 1, "tags"),
        ("a: 1\nb: 2\na: 3\n", 3, "twice"),
        ("a: {b: 1, b: 2}", 1, "twice"),
        ("a: 1\n<<: {b: 2}\n", 2, "merge"),
        ("[a, b]: 1\n", 1, "key"),
        ("? {a: 1}\n: 2\n", 1, "key"),
        ("a: 1\n---\nb: 2\n", 2, "document"),
        ("a: [1, 2\n", 2, "not YAML"),
        ("a: 'open\n", 2, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ("a: \x00\n", 1, "not YAML"),
        ("\t- a\n", 1, "not YAML"),
    ],
)
def test_what_is_refused_and_where(text, line, words):
    with pytest.raises(Malformed) as raised:
        read(text)
    assert words in raised.value.message
    assert raised.value.line == line


def test_a_bomb_is_refused_before_it_grows():
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    levels += [
        f"{name}: &{name} [{','.join(f'*{before}' for _ in range(9))}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(Malformed, match="anchors"):
        read("\n".join(levels))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 60_000, "- " * 100_000, "[[" * 50_000 + "]]" * 50_000, "? " * 100_000]
)
def test_depth_is_refused_without_recursion_and_at_once(text):
    started = time.process_time()
    with pytest.raises(Malformed):
        read(text)
    assert time.process_time() - started < 2  # quadratic scanning would take minutes


def test_depth_counts_to_forty():
    assert read("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT).value
    with pytest.raises(Malformed, match="nested deeper"):
        read("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1))


def test_values_are_counted():
    assert read("[1, 2]", 3).value == [1, 2]
    with pytest.raises(Malformed, match="at most"):
        read("[1, 2, 3]", 3)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(Malformed):
        read(text)


_LEAVES = st.one_of(st.booleans(), st.none(), st.integers(-(10**17), 10**17), st.text(max_size=20))
_KEYS = st.text(max_size=10).filter(lambda key: key != "<<")
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)


@given(_TREES)
def test_what_pyyaml_writes_is_read_back(tree):
    assert read(yaml.safe_dump(tree)).value == tree
