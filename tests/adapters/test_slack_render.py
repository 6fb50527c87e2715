"""Block Kit from neutral messages: complete, within every limit, and deaf to what people type."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import charts, fitting, limits, presses, render
from adapters.slack.spans import escaped, mrkdwn, slack_id
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
    Mention,
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
from tests.contracts import block_kit, blockkit_models
from tests.golden import assert_golden

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def blocks(*content):
    return render.message(Message("s", content), samples.MENTIONS)["blocks"]


def mrkdwn_texts(made):
    return [one["text"] for one in block_kit.walk(made) if one.get("type") == "mrkdwn"]


def test_the_gallery_as_a_message():
    made = render.message(samples.GALLERY, samples.MENTIONS)
    block_kit.check(made)
    assert_golden("sample/slack-message", made)


def test_the_gallery_as_a_home_tab():
    made = render.home(samples.GALLERY, samples.MENTIONS)
    block_kit.check(made)
    assert_golden("sample/slack-home", made)


def test_a_form_as_a_modal():
    made = render.modal(samples.FORM, samples.MENTIONS)
    block_kit.check(made)
    assert (made["callback_id"], made["private_metadata"]) == ("book", "slot-7")
    assert_golden("sample/slack-modal", made)


def test_without_native_keeps_every_word_and_drops_the_blocks_slack_may_refuse():
    made = render.without_native(render.message(samples.GALLERY, samples.MENTIONS))
    block_kit.check(made)
    assert not {"table", "data_visualization"} & {block["type"] for block in made["blocks"]}
    words = json.dumps(made, ensure_ascii=False)
    assert all(chart.text in words for chart in samples.CHARTS)
    assert "skew" in words


@pytest.mark.parametrize("trick", samples.TRICKS)
def test_what_people_type_never_acts(trick):
    message = samples.hostile(trick)
    for made in (render.message(message, samples.MENTIONS), render.home(message, samples.MENTIONS)):
        block_kit.check(made)
        shown = json.dumps(made, ensure_ascii=False)
        assert not UNSEEN.search(shown)
        assert not [
            one for one in block_kit.walk(made) if one.get("type") in {"user", "broadcast", "channel", "usergroup"}
        ]
        for text in [*mrkdwn_texts(made), made.get("text", "")]:
            assert not re.search(r"<(?!https://example\.org)", text)
            assert not re.search(r"&(?!amp;|lt;|gt;)", text)
    form = message.blocks[-1]
    assert isinstance(form, Form)
    block_kit.check(render.modal(form, samples.MENTIONS))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="<>&*_~`|!@# \nab", max_size=60))
def test_escaped_words_hold_no_marks(text):
    made = escaped(text)
    assert not set("<>*~`") & set(made)
    assert not re.search(r"&(?!amp;|lt;|gt;)", made)
    assert not re.search(r"(?m)^\s*&gt;", made)
    block_kit.check(render.message(samples.hostile(text), {}))


def test_rich_text_shows_words_as_they_were_typed():
    words = "<!channel> *a* `b` & <@U1>"
    (block,) = blocks(Text((Plain(words),)))
    assert block["elements"][0]["elements"] == [{"type": "text", "text": words}]


def test_snake_case_survives_mrkdwn_and_marks_do_not():
    assert escaped("feature_store_v2 _it_ 2*3") == "feature_store_v2 \u02cdit\u02cd 2\u22173"


def test_a_link_cannot_leave_its_brackets():
    made = mrkdwn((Link("a|b>c", "https://x.example/?q=<a|b>&c"),), {}, 500)
    assert made == "<https://x.example/?q=&lt;a%7Cb&gt;&amp;c|a b&gt;c>"


@pytest.mark.parametrize("known", ["", "C123", "U1> <!channel", "<@U1>", "u0alice", "U", "B012"])
def test_only_what_looks_like_a_slack_id_becomes_a_mention(known):
    assert slack_id("alice", {"alice": known}) is None
    assert mrkdwn((Mention("alice", "Al*ice"),), {"alice": known}, 100) == "@Al\u2217ice"


def test_a_known_member_is_mentioned():
    assert mrkdwn((Mention("alice", "Alice"),), {"alice": "U0ALICE"}, 100) == "<@U0ALICE>"
    (block,) = blocks(Text((Mention("alice", "Alice"),)))
    assert block["elements"][0]["elements"] == [{"type": "user", "user_id": "U0ALICE"}]


def test_a_press_gives_back_action_and_value():
    row = Buttons((Button("A", "lesson.done", "l1"), Button("B", "lesson.done", "l2"), Button("C", "odd#7", "")))
    made = [one for one in block_kit.walk(blocks(row, row)) if one.get("type") == "button"]
    assert len({one["action_id"] for one in made}) == 6
    back = [(presses.action_of(one["action_id"]), one.get("value", "")) for one in made[:3]]
    assert back == [("lesson.done", "l1"), ("lesson.done", "l2"), ("odd#7", "")]


def test_a_form_in_a_message_opens_by_its_button():
    made = blocks(samples.FORM)
    (button,) = [one for one in block_kit.walk(made) if one.get("type") == "button"]
    assert presses.action_of(button["action_id"]) == "form.open"
    assert presses.form_of(button["value"]) == ("book", "slot-7")


def test_a_message_without_blocks_shows_its_summary():
    made = render.message(Message("Saved <!here>"))
    block_kit.check(made)
    assert made["text"] == "Saved &lt;!here&gt;"
    assert made["blocks"][0]["elements"][0]["elements"][0]["text"] == "Saved <!here>"


def test_empty_words_leave_no_block():
    assert blocks(Text(()), Text((Plain(""),)), Text((Strong("\u202e"),)), Code("\n"), Heading("\n")) == []


@pytest.mark.parametrize(("size", "shown"), [(limits.HEADER, limits.HEADER), (limits.HEADER + 1, limits.HEADER)])
def test_a_heading_has_150_characters(size, shown):
    (block,) = blocks(Heading("h" * size))
    assert len(block["text"]["text"]) == shown
    assert block["text"]["text"].endswith("\N{HORIZONTAL ELLIPSIS}") is (size > shown)


@pytest.mark.parametrize(("size", "parts"), [(limits.SECTION, 1), (limits.SECTION + 1, 2), (3 * limits.SECTION, 3)])
def test_long_words_are_split_and_none_is_lost(size, parts):
    made = blocks(Text((Plain("w" * (size - 1)), Strong("e"))))
    assert len(made) == parts
    assert block_kit.letters(made) == size
    block_kit.check({"text": "s", "blocks": made})


def test_long_words_are_split_at_spaces():
    first, second = blocks(Text((Plain("word " * 700),)))
    assert first["elements"][0]["elements"][0]["text"].endswith("word ")
    assert second["elements"][0]["elements"][0]["text"].startswith("word")


@pytest.mark.parametrize(("over", "cut"), [(0, False), (1, True)])
def test_a_field_has_2000_characters(over, cut):
    room = limits.FIELD - len("*L*\n") + over
    (block,) = blocks(Fields((("L", (Plain("v" * room),)),)))
    text = block["fields"][0]["text"]
    assert (len(text) <= limits.FIELD, text.endswith("\N{HORIZONTAL ELLIPSIS}")) == (True, cut)


def test_escaping_is_counted_in_a_field():
    (block,) = blocks(Fields((("&" * 400, (Plain("&" * 2_000), Strong("lost"))),)))
    assert len(block["fields"][0]["text"]) <= limits.FIELD
    assert not re.search(r"&(?!amp;)", block["fields"][0]["text"])


@pytest.mark.parametrize(("count", "kept"), [(limits.MESSAGE_BLOCKS, 50), (limits.MESSAGE_BLOCKS + 1, 50)])
def test_a_message_has_50_blocks(count, kept):
    made = blocks(*[Divider()] * count)
    assert len(made) == kept
    assert (fitting.CUT in json.dumps(made)) is (count > kept)


@pytest.mark.parametrize(("count", "noted"), [(limits.VIEW_BLOCKS, False), (limits.VIEW_BLOCKS + 1, True)])
def test_a_home_tab_has_100_blocks(count, noted):
    made = render.home(Message("s", (Divider(),) * count))["blocks"]
    assert (len(made), fitting.CUT in json.dumps(made)) == (limits.VIEW_BLOCKS, noted)


@pytest.mark.parametrize(("over", "noted"), [(0, False), (1, True)])
def test_a_message_has_12000_characters(over, noted):
    made = blocks(*[Text((Plain("w" * 1_000),))] * 12, *[Text((Plain("x"),))] * over)
    assert (fitting.CUT in json.dumps(made)) is noted
    assert block_kit.letters(made) <= limits.MESSAGE_TEXT


def test_buttons_behind_a_cut_stay():
    row = Buttons((Button("Go", "go"),))
    made = blocks(*[Divider()] * 60, row, Text((Plain("gone"),)), row)
    assert [block["type"] for block in made[-3:]] == ["context", "actions", "actions"]
    assert len(made) == limits.MESSAGE_BLOCKS
    assert len(blocks(*[row] * 60)) == limits.MESSAGE_BLOCKS


@pytest.mark.parametrize("view", [False, True])
def test_a_second_table_is_text(view):
    table = Table(("a", "b"), (("1", "2"),))
    message = Message("s", (table, table))
    made = (render.home(message) if view else render.message(message))["blocks"]
    assert [block["type"] for block in made] == (["rich_text", "rich_text"] if view else ["table", "rich_text"])
    assert made[1]["elements"][0]["elements"][0]["text"] == "a  b\n─  ─\n1  2"


@pytest.mark.parametrize(("cell", "shown"), [(79, 79), (80, limits.CELL)])
def test_cells_of_a_large_table_are_clipped(cell, shown):
    columns = ("c" * cell,) * 6
    (block,) = blocks(Table(columns, (columns,) * 20))
    assert len(block["rows"][20][5]["text"]) == shown
    assert block_kit.letters(block) <= limits.TABLE_TEXT


@pytest.mark.parametrize(("count", "drawn"), [(limits.CHARTS, 2), (limits.CHARTS + 1, 2)])
def test_a_message_has_two_charts_and_the_words_of_all(count, drawn):
    made = blocks(*[samples.CHARTS[0]] * count)
    assert sum(block["type"] == "data_visualization" for block in made) == drawn
    assert json.dumps(made).count(samples.CHARTS[0].text) == count


def chart(kind, labels, *series):
    return Chart(kind, "t", tuple(labels), tuple(Series(name, tuple(values)) for name, values in series), "words")


@pytest.mark.parametrize(
    "one",
    [
        chart("line", ["a", "b"], ("s", [1.0, None])),
        chart("bar", ["a"], ("s", [None])),
        chart("bar", ["a"], ("s", [float("nan")])),
        chart("bar", ["x" * 20 + "1", "x" * 20 + "2"], ("s", [1.0, 2.0])),
        chart("line", ["a"], ("same", [1.0]), ("same", [2.0])),
        chart("line", ["a"], ("", [1.0])),
        chart("line", [], ("s", [])),
        chart("pie", ["a", "b"], ("s", [1.0, 1.0]), ("z", [1.0, 1.0])),
        chart("pie", ["a"], ("s", [-1.0])),
        chart("pie", ["a"], ("s", [0.0])),
        chart("pie", list("abcdefg"), ("s", [1.0] * (limits.CHART_SEGMENTS + 1))),
    ],
)
def test_what_cannot_be_drawn_truthfully_is_words(one):
    assert charts.native(one) is None
    assert "words" in json.dumps(blocks(one))


@pytest.mark.parametrize(
    "one",
    [
        chart("pie", list("abcdef"), ("s", [1.0] * limits.CHART_SEGMENTS)),
        chart("line", [str(at) for at in range(limits.CHART_POINTS)], *((str(n), [1.0] * 20) for n in range(6))),
        chart("bar", ["x" * limits.CHART_LABEL, "x" * 21], ("n" * 21, [1.0, -2.0])),
    ],
)
def test_charts_at_the_limit_are_drawn(one):
    made = render.message(Message("s", (one,)))
    block_kit.check(made)
    assert made["blocks"][0]["type"] == "data_visualization"


def test_a_bar_without_a_figure_is_left_out():
    made = charts.native(samples.CHARTS[1])
    assert made is not None
    assert made["chart"]["axis_config"]["categories"] == ["A", "C"]


def test_a_chart_title_has_50_characters():
    made = charts.native(Chart("bar", "t" * 51, ("a",), (Series("s", (1.0,)),), "words", "u" * 51))
    assert made is not None
    assert (len(made["title"]), len(made["chart"]["axis_config"]["y_label"])) == (limits.CHART_TITLE, limits.CHART_AXIS)


@pytest.mark.parametrize("size", [limits.URL - 20, limits.URL + 1])
def test_an_address_has_3000_characters(size):
    url = "https://e.example/" + "a" * (size - len("https://e.example/"))
    picture, text = blocks(Image(url, "alt"), Text((Link("here", url),)))
    fits = size <= limits.URL
    assert picture["type"] == ("image" if fits else "rich_text")
    assert text["elements"][0]["elements"][0]["type"] == ("link" if fits else "text")


def test_a_picture_without_an_address_is_its_description():
    (block,) = blocks(Image("javascript:alert(1)", "Two curves"))
    assert block["elements"][0]["elements"][0]["text"] == "Two curves"


@pytest.mark.parametrize(("size", "fits"), [(limits.OPTION_VALUE, True), (limits.OPTION_VALUE + 1, False)])
def test_an_option_value_is_refused_not_cut(size, fits):
    choice = Choice("c", "c", (Pick("v" * size, "label"),))
    if fits:
        block_kit.check({"text": "s", "blocks": blocks(choice)})
    else:
        with pytest.raises(ValueError, match="150"):
            blocks(choice)


@pytest.mark.parametrize(
    ("count", "fits"), [(0, False), (1, True), (limits.OPTIONS, True), (limits.OPTIONS + 1, False)]
)
def test_a_select_has_1_to_100_options(count, fits):
    options = tuple(Pick(str(at), f"l{at}") for at in range(count))
    form = Form(id="f", title="t", fields=(SelectInput(name="s", label="s", options=options),))
    if fits:
        block_kit.check(render.modal(form))
    else:
        with pytest.raises(ValueError, match="100 options"):
            render.modal(form)


@pytest.mark.parametrize(("ref", "fits"), [(limits.PRIVATE_METADATA, True), (limits.PRIVATE_METADATA + 1, False)])
def test_a_reference_fits_or_is_refused(ref, fits):
    form = Form(id="f", title="t", fields=(), ref="r" * ref)
    if fits:
        assert render.modal(form)["private_metadata"] == form.ref
    else:
        with pytest.raises(ValueError, match="does not fit"):
            render.modal(form)


@pytest.mark.parametrize(("count", "fits"), [(limits.VIEW_BLOCKS, True), (limits.VIEW_BLOCKS + 1, False)])
def test_a_form_has_100_blocks(count, fits):
    form = Form(id="f", title="t", fields=tuple(TextInput(name=f"n{at}", label="l") for at in range(count)))
    if fits:
        block_kit.check(render.modal(form))
    else:
        with pytest.raises(ValueError, match="100 blocks"):
            render.modal(form)


def test_ids_at_their_limits():
    assert len(presses.action_id("a" * 253, 1)) == limits.ACTION_ID
    with pytest.raises(ValueError, match="255"):
        presses.action_id("a" * 254, 1)
    assert len(presses.form_value("f", "r" * 1_998)) == limits.BUTTON_VALUE
    with pytest.raises(ValueError, match="button value"):
        presses.form_value("f", "r" * 1_999)
    with pytest.raises(ValueError, match="button value"):
        presses.form_value("two words", "r")
    for name in ("", "n" * 256):
        with pytest.raises(ValueError, match="field name"):
            render.modal(Form(id="f", title="t", fields=(TextInput(name=name, label="l"),)))


def test_inputs_keep_what_was_filled_in():
    fields = (
        TextInput(name="t", label="t", value="v" * 4_000, max_length=9_999, multiline=True),
        NumberInput(name="n", label="n", value=2.5, low=-1, high=1e6),
        MultiInput(name="m", label="m", options=samples.PICKS, values=("p1", "p2", "gone")),
        SelectInput(name="s", label="s", options=samples.PICKS, value="gone"),
    )
    made = render.modal(Form(id="f", title="t", fields=fields))
    block_kit.check(made)
    text, number, multi, select = (block["element"] for block in made["blocks"])
    assert (len(text["initial_value"]), text["max_length"]) == (limits.INPUT_TEXT, limits.INPUT_TEXT)
    assert (number["initial_value"], number["min_value"], number["max_value"]) == ("2.5", "-1", "1000000")
    assert [one["value"] for one in multi["initial_options"]] == ["p1", "p2"]
    assert "initial_option" not in select


def button(**changed):
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}, **changed}


@pytest.mark.parametrize(
    "bad",
    [
        [{"type": "divider"}] * 51,
        [{"type": "actions", "elements": []}],
        [{"type": "actions", "elements": [button(), button()]}],
        [{"type": "actions", "elements": [button(value="v" * 2_001)]}],
        [{"type": "divider", "block_id": "b"}] * 2,
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "f" * 2_001}]}],
        [{"type": "section"}],
        [{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}],
        [{"type": "rich_text", "elements": []}],
        [{"type": "input", "element": {}, "label": {}}],
        [{"type": "video"}],
        [{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}],
    ],
)
def test_the_check_itself_finds_what_slack_refuses(bad):
    assert block_kit.problems({"text": "s", "blocks": bad})


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151, "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "x"}, "colour": "red"},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "mrkdwn", "text": "x"}, "action_id": "a"}],
        },
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]},
        {"type": "pie"},
    ],
)
def test_the_second_opinion_has_one(bad):
    assert blockkit_models.problems({"text": "s", "blocks": [bad]})


def test_paragraphs_are_blocks_of_their_own():
    spans = (Plain("\n\n"), Strong("Right."), Plain(" You chose A.\n\n\nThey "), Strong("show"), Plain("\nit.\n\n"))
    made = render.message(Message("s", (Text(spans),)))["blocks"]
    told = ["".join(one["text"] for one in block["elements"][0]["elements"]) for block in made]
    assert told == ["Right. You chose A.", "They show\nit."]
    block_kit.check({"text": "s", "blocks": made})
