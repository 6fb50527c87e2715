"""Messages as HTML: every block as it looked when a person last looked, and nobody's words as markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.local import charts, render
from bot.messages import Chart, Heading, Message, Plain, Series, Strong, Text
from tests.adapters.samples import BLOCKS, CHARTS, FORM, GALLERY, TRICKS, hostile
from tests.golden import assert_golden

VOID = {"br", "hr", "input", "img"}
TAGS = {
    "a", "br", "button", "circle", "code", "datalist", "dd", "desc", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure",
    "form", "h3", "hr", "input", "label", "legend", "li", "line", "option", "p", "path", "polyline", "pre", "progress",
    "rect", "select", "small", "span", "strong", "svg", "table", "tbody", "td", "text", "textarea", "th", "thead",
    "time", "title", "tr", "ul",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads markup strictly: every tag is known and closed, every id is used once, no attribute runs or styles."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.links: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name != "style"
            if name == "id":
                self.ids.append(value)
            if name == "for":
                self.labelled.append(value)
            if name == "href":
                self.links.append(value)
        if tag not in VOID and not str(self.get_starttag_text()).endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_block_as_it_looked():
    made = {
        f"{at:02} {type(block).__name__}": str(
            render.html(Message("s", (block,)), files="/files/", zone="Europe/Berlin")
        )
        for at, block in enumerate(BLOCKS)
    }
    assert_golden("sample/local-blocks", made)


def test_the_gallery_is_sound():
    read = Reader(str(render.html(GALLERY, files="/files/")))
    assert set(read.labelled) <= set(read.ids)
    assert {link.split(":")[0] for link in read.links} <= {"https", "/files/15", "/files/16"}


def test_a_form_alone_is_sound():
    Reader(str(render.form(FORM, members={"alice": "Alice <b>"})))


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_stay_words(trick):
    markup = str(render.html(hostile(trick), files="/files/"))
    Reader(markup)
    markup.encode()
    assert "\u202e" not in markup


@given(st.text(max_size=80))
def test_any_words_stay_words(words):
    Reader(str(render.html(hostile(words or " "))))


def test_a_message_without_blocks_is_its_summary():
    assert render.html(Message("a < b")) == "<p>a &lt; b</p>"


def test_lines_that_begin_with_a_bullet_are_a_list():
    spans = (Plain("Two things:\n\u2022 one "), Strong("now"), Plain("\n\u2022 two\nThat is all."))
    made = render.html(Message("s", (Text(spans),)))
    assert made == "<p>Two things:</p><ul><li>one <strong>now</strong></li><li>two</li></ul><p>That is all.</p>"


def test_ids_of_two_messages_do_not_meet():
    Reader(str(render.html(GALLERY, "m1") + render.html(GALLERY, "m2")))


def test_local_time_says_its_zone():
    made = str(render.html(GALLERY, zone="Asia/Tokyo"))
    assert "Tue 3 Nov 2026, 23:00 (Asia/Tokyo)" in made


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_say_in_words_what_they_draw(chart):
    made = str(charts.svg(chart))
    assert f"<desc>{chart.text}</desc>" in made
    assert 'role="img"' in made


@pytest.mark.parametrize("kind", ["line", "bar", "pie"])
@given(values=st.lists(st.none() | st.floats(-10, 1e9), max_size=20))
@example(values=[5e-324])
def test_any_figures_can_be_drawn(kind, values):
    labels = tuple(str(at) for at in range(len(values)))
    made = str(charts.svg(Chart(kind, "t", labels, (Series("s", tuple(values)),), "words")))
    Reader(made)
    assert "nan" not in made


def test_a_withheld_figure_is_neither_zero_nor_nothing():
    chart = Chart("bar", "t", ("A", "B"), (Series("s", (1.0, None)),), "words")
    assert "withheld" in charts.svg(chart)


def test_headings_are_headings():
    assert render.html(Message("s", (Heading("What\nnow?"),))) == "<h3>What now?</h3>"
