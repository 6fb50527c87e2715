"""Adaptive Cards from neutral messages: complete, small enough, and deaf to what people type."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.teams import charts, fitting, limits, presses, render
from adapters.teams.spans import escaped, rich
from bot.messages import (
    Button,
    Buttons,
    Chart,
    Choice,
    Code,
    Divider,
    Fields,
    Form,
    Heading,
    Image,
    Link,
    Message,
    MultiInput,
    NumberInput,
    Pick,
    Plain,
    SelectInput,
    Series,
    Strong,
    Table,
    Text,
    TextInput,
)
from tests.adapters import samples
from tests.contracts import adaptive_cards
from tests.golden import assert_golden

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ROW = Buttons((Button("Go", "go", "v"),))


def body(*content):
    return render.card(Message("s", content))["body"]


def words(made):
    return "\n".join(one["text"] for one in adaptive_cards.walk(made) if isinstance(one.get("text"), str))


def actions(made):
    return [one for one in adaptive_cards.walk(made) if one.get("type") == "Action.Execute"]


def test_the_gallery_as_a_card():
    made = render.card(samples.GALLERY, {"alice": "8f3c"})
    adaptive_cards.check(made)
    assert_golden("sample/teams-card", made)


def test_the_gallery_for_a_client_without_extensions():
    made = adaptive_cards.without_extensions(render.card(samples.GALLERY))
    adaptive_cards.check(made)
    assert all(chart.text in words(made) and chart.title in words(made) for chart in samples.CHARTS)


def test_an_activity_is_a_summary_and_a_card():
    made = render.activity(samples.GALLERY)
    assert made["summary"] == samples.GALLERY.summary
    assert "text" not in made
    assert made["attachments"][0]["content"]["version"] == "1.5"
    assert render.utf16_size(made) <= limits.SIZE_AIM + 1_000


def test_a_message_without_blocks_is_plain_text():
    made = render.activity(Message("Saved **now** <at>Bob</at>"))
    assert (made["text"], made["textFormat"]) == ("Saved **now** <at>Bob</at>", "plain")
    assert "attachments" not in made


@pytest.mark.parametrize("trick", samples.TRICKS)
def test_what_people_type_never_acts(trick):
    made = render.activity(samples.hostile(trick))["attachments"][0]["content"]
    adaptive_cards.check(made)
    assert not UNSEEN.search(json.dumps(made, ensure_ascii=False))
    for one in adaptive_cards.walk(made, fallbacks=True):
        if one.get("type") == "Action.OpenUrl":
            assert one["url"] == samples.ADDRESS
        if one.get("type") == "TextBlock":
            dates = one["text"].count("{{")
            assert dates in ({0, 2} if one["text"].startswith("Cancelled: ") else {0})
            assert not re.search(r"(?<!\\)[*`\[\]]", one["text"])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="\\*_`[]()#->+1. {}\nab", max_size=60))
def test_escaped_words_hold_no_markdown(text):
    made = escaped(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*`\[\]]", re.sub(r"\\.", "", made))
    assert not re.search(r"(?m)^\s*([-+#>]|\d+[.)])", made)
    assert "{{" not in made
    adaptive_cards.check(render.card(samples.hostile(text)))


def test_rich_text_shows_words_as_they_were_typed():
    typed = "**a** [x](https://evil.example) <at>Bob</at>"
    assert rich((Plain(typed),)) == [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": typed}]}]


def test_a_line_is_a_block():
    first, second = rich((Plain("one\n\ntwo "), Strong("bold")))
    assert [one["text"] for one in second["inlines"]] == ["two ", "bold"]
    assert (first.get("spacing"), second["spacing"]) == (None, "None")


def test_snake_case_and_prose_need_no_backslash():
    assert escaped("feature_store_v2 - CI/CD (beta), 2.5 > 1") == "feature_store_v2 - CI/CD (beta), 2.5 > 1"
    assert escaped("_it_ 2*3\n1. one\n- two") == "\\_it\\_ 2\\*3\n1\\. one\n\\- two"


def test_a_press_gives_back_action_and_value():
    made = actions(body(Buttons((Button("A", "lesson.done", "l1"), Button("B", "lesson.done")))))
    assert [presses.pressed(one["data"]) for one in made] == [("lesson.done", "l1"), ("lesson.done", "")]
    assert {one["verb"] for one in made} == {"lesson.done"}
    assert {one["associatedInputs"] for one in made} == {"none"}


def test_a_choice_gives_back_what_was_picked():
    made = body(Choice("Remind me", "remind.set", samples.PICKS), Choice("Or", "or.set", samples.PICKS))
    select, _, other, _ = made
    first, second = actions(made)
    posted = {select["id"]: "p1", other["id"]: "p2"}
    assert presses.pressed({**first["data"], **posted}) == ("remind.set", "p1")
    assert presses.pressed({**second["data"], **posted}) == ("or.set", "p2")
    assert presses.pressed({"action": 7, "value": ["x"]}) == ("", "")


def test_two_forms_on_a_card_keep_their_fields_apart():
    made = body(samples.FORM, samples.FORM)
    inputs = [one for one in adaptive_cards.walk(made) if one.get("type", "").startswith("Input.")]
    posted = {one["id"]: f"v{at}" for at, one in enumerate(inputs)}
    first, second = (presses.submitted({**one["data"], **posted}) for one in actions(made))
    assert first[:2] == second[:2] == ("book", "slot-7")
    assert (first[2]["topic"], second[2]["topic"]) == ("v0", "v8")
    assert set(first[2]) == {field.name for field in samples.FIELDS}


def test_required_inputs_say_what_is_missing():
    made = body(samples.FORM)
    inputs = {one["id"]: one for one in adaptive_cards.walk(made) if one.get("type", "").startswith("Input.")}
    assert inputs["f1-topic"]["errorMessage"] == "Topic is needed"
    assert inputs["f1-seats"]["errorMessage"] == "Seats: a number from 1 to 9"
    assert "isRequired" not in inputs["f1-days"]
    assert [one["associatedInputs"] for one in actions(made)] == ["auto"]


def test_a_row_of_buttons_is_broken_where_labels_would_be_cut():
    long = [Button("x" * 26, "a.b"), Button("y" * 26, "a.b"), Button("z", "a.b")]
    made = body(Buttons(tuple(long)))
    assert [[one["title"][0] for one in row["actions"]] for row in made] == [["x"], ["y", "z"]]
    assert [len(row["actions"]) for row in body(Buttons(tuple(Button(f"b{at}", "a.b") for at in range(5))))] == [5]


def test_a_hint_stands_below_its_input():
    made = body(Form(id="f", title="t", fields=(TextInput(name="t", label="Topic", hint="One line"),)))
    shown = [one.get("label") or words(one) for one in made]
    assert shown[1:3] == ["Topic", "One line"]


def test_a_divider_is_the_line_above_what_follows():
    made = body(Text((Plain("a"),)), Divider(), Text(()), Text((Plain("b"),)), Divider())
    assert [one.get("separator") for one in made] == [None, True]


def test_empty_words_leave_no_element():
    assert body(Text(()), Heading("\u202e"), Code("\n")) == []


@pytest.mark.parametrize("size", [limits.TITLE, limits.TITLE + 1])
def test_a_heading_has_300_characters(size):
    (made,) = body(Heading("h" * size))
    assert len(made["text"]) == limits.TITLE
    assert made["style"] == "heading"


@pytest.mark.parametrize("size", [limits.WORDS, limits.WORDS + 1])
def test_one_text_has_6000_characters(size):
    (made,) = body(Text((Plain("w" * size), Strong(""))))
    assert len(words(made)) == limits.WORDS
    assert words(made).endswith("\N{HORIZONTAL ELLIPSIS}") is (size > limits.WORDS)


@pytest.mark.parametrize("size", [limits.CODE, limits.CODE + 1])
def test_code_has_3000_characters_and_keeps_its_spaces(size):
    (made,) = body(Code(" " + "c" * (size - 1)))
    assert (len(made["codeSnippet"]), made["codeSnippet"][0]) == (limits.CODE, " ")
    assert words(made["fallback"])[0] == "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(("count", "cut"), [(1, False), (40, True)])
def test_what_is_over_the_aim_is_cut_and_buttons_stay(count, cut):
    made = render.activity(Message("s", (*[Text((Plain("w" * 1_000),))] * count, ROW, Text((Plain("end"),)))))
    card = made["attachments"][0]["content"]
    assert (fitting.CUT in words(card)) is cut
    assert len(actions(card)) == 1
    assert render.utf16_size(card) <= limits.SIZE_AIM + 300
    assert ("end" in words(card)) is not cut


@pytest.mark.parametrize("over", [0, 1])
def test_40_kb_are_sent_and_one_byte_more_is_refused(over):
    frame = {"text": ""}
    frame["text"] = "x" * ((limits.SIZE_REFUSED - fitting.utf16_size(frame)) // 2 + over)
    if over:
        with pytest.raises(fitting.TooLarge):
            fitting.guarded(frame)
    else:
        assert fitting.guarded(frame) is frame


def test_a_screen_of_too_many_options_is_refused():
    options = tuple(Pick(f"{at:0100}", "l" * 75) for at in range(100))
    with pytest.raises(fitting.TooLarge):
        render.activity(Message("s", (Choice("c", "c", options),)))


def test_size_is_counted_in_utf_16():
    assert [fitting.utf16_size(text) for text in ("", "a", "é", "😀")] == [4, 6, 6, 8]


@pytest.mark.parametrize(
    ("count", "fits"), [(0, False), (1, True), (limits.OPTIONS, True), (limits.OPTIONS + 1, False)]
)
def test_a_select_has_1_to_100_options(count, fits):
    form = Form(
        id="f",
        title="t",
        fields=(SelectInput(name="s", label="s", options=tuple(Pick(str(at), "l") for at in range(count))),),
    )
    if fits:
        select = next(one for one in body(form) if one["type"] == "Input.ChoiceSet")
        assert select["style"] == ("filtered" if count > limits.FILTER_FROM else "compact")
    else:
        with pytest.raises(ValueError, match="100 options"):
            body(form)


def test_a_multiple_choice_cannot_hold_a_comma():
    form = Form(id="f", title="t", fields=(MultiInput(name="m", label="m", options=(Pick("a,b", "l"),)),))
    with pytest.raises(ValueError, match="comma"):
        body(form)


def test_inputs_keep_what_was_filled_in():
    fields = (
        TextInput(name="t", label="t", value="v" * 400, multiline=True),
        NumberInput(name="n", label="n", value=0.0, required=False),
        MultiInput(name="m", label="m", options=(*samples.PICKS, Pick("p3", "*c*")), values=("p3", "p1", "gone")),
        SelectInput(name="s", label="s", options=samples.PICKS, value="gone"),
    )
    made = {one["id"]: one for one in body(Form(id="f", title="t", fields=fields)) if "id" in one}
    assert len(made["f1-t"]["value"]) == made["f1-t"]["maxLength"] == 300
    assert made["f1-n"]["value"] == 0.0
    assert made["f1-m"]["value"] == "p1,p3"
    assert made["f1-m"]["choices"][2]["title"] == "\\*c\\*"
    assert "value" not in made["f1-s"]


@pytest.mark.parametrize("size", [limits.CELL, limits.CELL + 1])
def test_a_cell_has_300_characters(size):
    (made,) = body(Table(("a",), (("c" * size,),)))
    assert len(words(made["rows"][1])) == limits.CELL


def chart(kind, labels, *series):
    return Chart(kind, "t", tuple(labels), tuple(Series(name, tuple(values)) for name, values in series), "words")


@pytest.mark.parametrize(
    "one",
    [
        chart("line", ["a", "b"], ("s", [1.0, None])),
        chart("line", [], ("s", [])),
        chart("bar", ["a"], ("s", [None])),
        chart("bar", ["a"], ("s", [float("inf")]), ("z", [None])),
        chart("pie", ["a"], ("s", [0.0])),
        chart("pie", ["a"], ("s", [1.0]), ("z", [1.0])),
    ],
)
def test_what_cannot_be_drawn_truthfully_is_words(one):
    assert charts.native(one) is None
    assert words(body(one)) == "t\nwords"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (chart("line", ["a"], ("s", [1.0])), "Chart.Line"),
        (chart("bar", ["a"], ("s", [1.0])), "Chart.VerticalBar"),
        (chart("bar", ["a", "b"], ("s", [1.0, None]), ("z", [2.0, 3.0])), "Chart.VerticalBar.Grouped"),
        (chart("pie", ["a"], ("s", [1.0])), "Chart.Pie"),
    ],
)
def test_each_chart_has_its_element_a_fallback_and_its_words(one, kind):
    made = render.card(Message("s", (one,)))
    adaptive_cards.check(made)
    assert made["body"][0]["type"] == kind
    assert words(made["body"][1:]) == "words"


def test_pictures_and_addresses():
    long = "https://e.example/" + "a" * limits.URL
    missing, shown, link = body(
        Image("javascript:x", "Two curves"), Image(long[: limits.URL], ""), Text((Link("x", long),))
    )
    assert words(missing) == "Two curves"
    assert (shown["type"], shown["altText"]) == ("Image", "Picture")
    assert "selectAction" not in link["inlines"][0]


def test_fields_are_two_columns():
    (made,) = body(Fields((("Level", (Plain("*up*"),)),)))
    assert [words(column) for column in made["columns"]] == ["Level", "*up*"]


@pytest.mark.parametrize(
    "bad",
    [
        {"version": "1.6"},
        {"fallbackText": ""},
        {"body": [{"type": "Image", "url": "https://x"}]},
        {"body": [{"type": "Input.Text", "id": "a"}]},
        {"body": [{"type": "Input.Text", "id": "a", "label": "l", "isRequired": True}]},
        {"body": [{"type": "Input.Text", "id": "a", "label": "l"}] * 2},
        {"body": [{"type": "Chart.Pie", "data": [1]}]},
        {"body": [{"type": "Fancy"}]},
        {"body": [{"type": "TextBlock", "text": "x", "wrap": True, "colour": "Good"}]},
        {"body": [{"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "url": "javascript:x"}]}]},
        {"body": [{"type": "ActionSet", "actions": [{"type": "Action.Execute", "title": "t", "verb": "v", "data": {"action": "a"}}]}]},
        {"body": [{"type": "TextBlock", "text": "x" * 21_000, "wrap": True}]},
    ],
)  # fmt: skip
def test_the_check_itself_finds_what_teams_refuses(bad):
    good = {"type": "AdaptiveCard", "version": "1.5", "fallbackText": "s", "body": []}
    adaptive_cards.check(good)
    assert adaptive_cards.problems({**good, **bad})
