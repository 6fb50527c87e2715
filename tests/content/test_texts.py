"""Our own wording: laid out, styled, and proof against what people type."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.markdown import spans
from bot.messages import Emphasis, Link, Mention, Mono, Plain, Strong, plain
from bot.ports.texts import Texts
from content.texts import FOLDER, JinjaTexts, plural

FIXTURES = JinjaTexts(Path(__file__).parent / "texts")
TEXTS: Texts = FIXTURES
MIRA = Mention("m1", "Mira")


def hello(**values):
    return TEXTS.render(
        "greeting.hello", **{"name": "Ada", "count": 2, "place": "map", "page": "start", "helper": MIRA, **values}
    )


def test_lines_are_joined_and_paragraphs_are_kept():
    assert hello() == (
        Plain("Hello Ada, you have "),
        Strong("2 lessons"),
        Plain(" today.\n\nSee "),
        Link("the map", "https://docs.example/start"),
        Plain(" or ask "),
        MIRA,
        Plain("."),
    )


def test_list_items_stay_on_their_lines_and_logic_sees_raw_values():
    assert (
        plain(TEXTS.render("greeting.list", items=["one", "two"])) == "Due now:\n• one\n• two\n\nThat is more than one."
    )
    assert plain(TEXTS.render("greeting.list", items=["one"])) == "Due now:\n• one\n\nOne only."


def test_a_value_takes_on_the_style_around_it():
    assert TEXTS.render("greeting.styles", value="x") == (
        Strong("x"), Plain(" "), Emphasis("x"), Plain(" "), Mono("x"), Plain(" x"),
    )  # fmt: skip


def test_spans_are_spliced_in():
    value = (Plain("to "), MIRA, Mono("now"))
    assert TEXTS.render("greeting.wrapped", value=value) == (
        Strong("Note "), Strong("to "), MIRA, Mono("now"), Strong(" here"),
    )  # fmt: skip


def test_constants_of_a_template_are_values_too():
    assert TEXTS.render("greeting.constant", figure=1.25) == (Plain("**not bold** 1.2"),)


def test_one_span_may_be_a_value():
    assert TEXTS.render("greeting.wrapped", value=[Mono("x")]) == TEXTS.render("greeting.wrapped", value=Mono("x"))


def test_an_empty_value_leaves_nothing():
    assert TEXTS.render("greeting.styles", value="") == (Plain("   "),)


@pytest.mark.parametrize(
    "key", ["greeting.nothing", "nobody.hello", "greeting", "", ".", "../secret.hello", "greeting.hello.more"]
)
def test_an_unknown_key_is_a_key_error(key):
    with pytest.raises(KeyError):
        TEXTS.render(key)


def test_a_missing_value_is_named():
    with pytest.raises(UndefinedError, match="value"):
        TEXTS.render("greeting.wrapped")


@pytest.mark.parametrize("value", [None, True, {}, object(), b"x", ["text"]])
def test_what_is_no_value_is_refused(value):
    with pytest.raises(TypeError):
        TEXTS.render("greeting.wrapped", value=value)


@pytest.mark.parametrize(
    "hostile",
    [
        "**bold**", "*it*", "_it_", "`code`", "[click](https://evil.example)", "<!channel>", "<script>", "{{ 7 * 7 }}", "{% raw %}", "- item",
        "a\n\nb", "```\ncode\n```", "\U000f0000", "\U000f0001\U000f0000", "\ue000", "\u202e", "\0",
    ],
)  # fmt: skip
def test_a_hostile_value_stays_words(hostile):
    words = hostile.replace("\U000f0000", "").replace("\U000f0001", "")
    assert plain(TEXTS.render("greeting.styles", value=hostile)).replace(words, "") == "   "
    assert plain(hello(name=hostile)) == plain(hello()).replace("Ada", words)


@given(
    st.text(max_size=80) | st.text(alphabet="*_`[]()<>{}%#\n \U000f0000\U000f0001https:/.", max_size=40), st.integers()
)
def test_no_value_ever_becomes_markup(value, count):
    shape = [type(span) for span in hello(count=count)]
    assert [type(span) for span in hello(name=value or "x", count=count, place=value)] == shape
    link = next(span for span in hello(page=value) if isinstance(span, Link))
    assert link.url.startswith("https://docs.example/")
    assert not set(link.url) & set(" ()<>\"'\n")


@given(st.text(max_size=60))
def test_a_plain_value_is_shown_letter_by_letter(value):
    kept = "".join(char for char in value if not 0xF0000 <= ord(char) <= 0xFFFFD)
    assert plain(TEXTS.render("greeting.wrapped", value=value)) == f"Note {kept} here"


@given(
    st.lists(
        st.text(alphabet="ab*_`[](\n", max_size=8).map(Plain) | st.just(MIRA) | st.just(Link("a", "https://a.example")),
        max_size=4,
    )
)
def test_spliced_spans_are_not_parsed_again(value):
    inside = [span for span in TEXTS.render("greeting.wrapped", value=tuple(value)) if not isinstance(span, Strong)]
    assert inside == [span for span in value if not isinstance(span, Plain)]


def test_a_rendered_text_can_be_a_value():
    inner = TEXTS.render("greeting.wrapped", value="**x**")
    assert Strong("**x**") in TEXTS.render("greeting.styles", value=inner)


def test_keys_lists_every_wording():
    keys = FIXTURES.keys()
    assert "greeting.hello" in keys
    assert keys[-1] == "other.only"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 lessons"), (1, "1 lesson"), (2, "2 lessons"), (1200, "1,200 lessons")]
)
def test_plural(count, words):
    assert plural(count, "lesson") == words


def test_an_irregular_plural():
    assert plural(3, "quiz", "quizzes") == "3 quizzes"


def test_our_own_wording_can_be_read():
    """Every template of the product compiles, and its words hold no private-use characters."""
    keys = JinjaTexts().keys()
    assert len(keys) == len(set(keys))
    for path in FOLDER.glob("*.md.j2"):
        assert not any(
            0xE000 <= ord(char) <= 0xF8FF or ord(char) >= 0xF0000 for char in path.read_text(encoding="utf-8")
        )


def test_plain_wording_needs_no_values():
    assert TEXTS.render("other.only") == spans("Nothing but words.")
