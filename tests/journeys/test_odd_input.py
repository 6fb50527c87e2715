"""Whatever people, or somebody who forges a button, send: one private, helpful reply, nothing in a channel, no markup made."""

import json
import re
from collections.abc import Iterator
from itertools import product

import msgspec
import pytest
from sqlalchemy import select

from adapters.slack import render as slack
from adapters.teams import render as teams
from bot.app import App
from bot.domain.conversation import FormSubmitted, Place, Pressed, Query, Typed
from bot.domain.people import Role
from bot.errors import Refusal
from bot.features import FEATURES
from bot.messages import Message, MultiInput, plain
from bot.ports.people import Team
from bot.router import Answer, table
from storage.ledger import delivery
from tests.journeys.conversation import WORKSPACE, Conversation
from tests.journeys.conversation import said as told
from tests.journeys.test_quiz import MONDAY

TABLE = table(FEATURES)
ZALGO = "d\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307r\u0308\u0309\u030aift" * 8
ODD = [
    "", " ", "\t\n  \r\n", "\u00a0", "\u200b\u200c\u200d", "\u202egnp.exe", "\u2066\u2067\u2068\u2069", "\ufeff", "\x00", "a\x00b",
    "\x07\x08\x1b[31mred", "\x7f", "\u0085\u2028\u2029", "\ud800", "a\udfffb", "\U000f0000\U000f0001", "\ue000", "\ufffe\uffff",
    "a" * 300, "a" * 2_999, "a" * 3_000, "a" * 3_001, "a" * 40_000, " " * 40_000, "drift " * 500, "\n" * 2_000, "line\n" * 100,
    "<!channel>", "<!here>", "<!everyone> hello", "<@U123>", "<@U123|ann>", "<#C123|general>", "<!subteam^S123>", "<!date^1^{date}|x>",
    "<https://evil.example|click>", "https://evil.example", "http://evil.example/?a=<b>&c=\"d\"", "javascript:alert(1)", "mailto:a@b.example",
    "[click](https://evil.example)", "![x](https://evil.example/x.png)", "[a][b]\n\n[b]: https://evil.example", "<at>Ann</at>", "@everyone",
    "@channel", "*bold*", "_under_", "~gone~", "`code`", "```\nblock\n```", "> quote", "# heading", "- list\n- list", "**strong** __init__",
    "<b>bold</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "&amp;", "<!-- x -->", "</div>", "&#60;!channel&#62;",
    "' OR 1=1 --", "'; DROP TABLE member; --", "\" OR \"\"=\"", "%' AND 1=0 UNION SELECT 1--", "\\'; --", "%", "_", "%_%",
    "{{ 7*7 }}", "{% raw %}", "{% block x %}", "{%", "{{", "}}", "{# comment #}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0}", "{name}", "%s%n%d",
    "%(name)s", "{}", "[]", "null", "true", "NaN", "-1", "1e999", "9" * 5_000, "0x1F", "\u0663\u0664", "\u00b2\u00b3", "\uff11\uff12",
    '{"a": [1, {"b": null}]}', '{"type": "modal"', "../../etc/passwd", "..\\..\\windows", "/dev/null", "file:///etc/passwd", "C:\\con",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627",
    "\u4f60\u597d", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", ZALGO, "\u0301", "x\u0301" * 200, "\u1160", "\u3164", "\ufdfd" * 50, "\u0130\u0131", "\u1e9e\ufb01",
    "word" * 700, "/mlops", "/mlops /mlops", "/MLOPS help", "help help", "define define", "on off", "?", "!!!", "until until", "-", "--help", "$(id)",
    "`id`", "; ls", "| cat", "&& true", "\\", "\"", "'", "''", "2026-02-30", "2026-11-31T25:61", "0000-00-00", "99999-01-01", "until 9999999 weeks",
]  # fmt: skip
FORGED = [
    "", " ", "x", "0", "-1", "1", "None", "a:b", ":", "::::", "daily-1:0", "daily-1:99", "daily-1:\u00b2", "daily-" + "9" * 30 + ":0", "daily-1",
    "core:term/none", "core:term/drift", "2026-W48", "9999-W99", "2026-W48-1", "quiz-1:0", "|", "1|x", "999999|x", "\u0663|x", "12345|", "' OR 1=1 --",
    "../../x", "<!channel>", "{{ 7*7 }}", "\x00", "\ud800", "blue", "red", "u-ann", "bob", "w@2026-11-24T10:00", "w@99999", "w.1764000000", "w.-1",
    "w." + "9" * 40, "1764000000", "9" * 200, "a" * 200, "a" * 201, "a" * 40_000, "help", "define", "settings", "stop", "nothing at all", "\u202ex",
]  # fmt: skip


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    one = Conversation(tmp_path_factory.mktemp("odd"), MONDAY)
    one.join("ann", roles=(Role.HOST, Role.AUTHOR, Role.ADMIN))
    one.join("bob", "cyd")
    one.channel("ml")
    one.store(lambda parts: parts.people.add_team(Team(id="blue", name="Blue", manager="ann")))
    ask(one, "ann", Pressed("settings.quick"))
    yield one
    one.close()


def ask(talk, who, event, where=None) -> Answer:
    """The answer as an adapter shows it; anything but a refusal is a defect and raised here."""
    incoming = talk.incoming(who, event, where)
    app: App = talk.system.app
    try:
        return app.handle(incoming, talk.now).result()
    except Refusal as refusal:
        return app.explain(refusal)


SOUND: set[Message] = set()


def check(talk, answer, what):
    """Exactly one thing to read or to fill in, and nothing to send to anybody else's place."""
    shown = [one for one in (answer.inline, answer.opens, answer.home, answer.errors or None) if one is not None]
    assert len(shown) == 1, what
    assert not any(one.place for one in answer.durable), what
    for message in (answer.inline, answer.home):
        if message is not None:
            assert message.summary.strip(), what
            if message not in SOUND:  # many odd words get the same answer
                no_markup(slack.message(message), teams.activity(message), what)
                SOUND.add(message)
    if answer.opens is not None:
        no_markup(slack.modal(answer.opens), {}, what)
    for words in answer.errors.values():
        assert words, what


def walk(made) -> Iterator[dict]:
    if isinstance(made, dict):
        yield made
        for one in made.values():
            yield from walk(one)
    elif isinstance(made, list):
        for one in made:
            yield from walk(one)


def slack_texts(made):
    """Everything that Slack reads as markup."""
    found = [one["text"] for one in walk(made) if one.get("type") == "mrkdwn"]
    return [*found, made.get("text", "")] if isinstance(made.get("text"), str) else found


def no_markup(made, activity, what):
    """No mention, no link and no control character made of what somebody typed."""
    for words in slack_texts(made):
        assert "<!" not in words, what
        assert "<@" not in words, what
        assert "<https://evil" not in words, what
    for one in walk(made):
        assert one.get("type") not in {"broadcast", "user", "usergroup", "channel", "date"}, what
        if one.get("type") == "link" or "url" in one:
            assert "evil.example" not in one["url"], what
    for one in walk(activity):
        assert "evil.example" not in str(one.get("url", "")), what
        if one.get("type") == "TextBlock":
            assert not re.search(r"(?<!\\)\]\(", one["text"]), what
    assert not activity.get("entities"), what
    assert "<at>" not in str(activity.get("text", "")), what
    json.dumps([made, activity]).encode()


def test_there_are_more_than_a_hundred_odd_things():
    assert len(set(ODD)) == len(ODD) > 100


NAMES = sorted({one.name for one in TABLE.commands.values()})


@pytest.mark.parametrize("name", NAMES)
def test_every_command_survives_every_odd_argument(talk, name, rounds):
    """In the short form each command meets a third of them, and each of them a third of the commands."""
    step = rounds(3, 1)
    for at, odd in [*enumerate(ODD)][NAMES.index(name) % step :: step]:
        where = "ml" if at % 2 else None
        check(talk, ask(talk, "ann", Typed(f"{name} {odd}"), where), (name, odd[:60]))


def test_odd_things_alone_are_answered_too(talk):
    for odd, who in product(ODD, ("ann", "bob")):
        check(talk, ask(talk, who, Typed(odd)), odd[:60])


def test_nothing_was_sent_to_a_channel(talk):
    """After all of that: only ``glossary.share`` and a quiz that was turned on speak in channels."""
    rows = talk.store(lambda parts: parts.conn.execute(select(delivery.c.kind).where(delivery.c.channel.is_not(None))))
    assert set(rows.scalars()) == set()


@pytest.mark.parametrize("name", sorted(TABLE.actions))
def test_every_button_survives_a_forged_value(talk, name):
    for at, forged in enumerate(FORGED):
        if name == "glossary.share" and forged == "core:term/drift":
            continue  # that one is a real press
        check(
            talk,
            ask(talk, ("ann", "bob")[at % 2], Pressed(name, forged), "ml" if at % 3 else None),
            (name, forged[:60]),
        )


def test_a_button_nobody_declared_is_out_of_use(talk):
    said = plain(talk.system.app.texts.render("app.expired"))
    for name in ("", "nothing", "lessons", "lessons.answer.x", "__class__", "a" * 5_000):
        assert told(ask(talk, "ann", Pressed(name, "x"))) == said
        assert told(ask(talk, "ann", FormSubmitted(name, {"a": "b"}))) == said


FIELDS = (
    *("role", "other_roles", "track", "other_tracks", "zone", "time", "days", "region", "streak", "term", "meaning", "question"),
    *("start", "end", "slot_minutes", "topics", "place", "capacity", "buffer_minutes", "notice_hours", "horizon_days", "most", "who"),
)  # fmt: skip
VALUES: list[str | list[str]] = [
    "",
    "x",
    [],
    ["x"],
    ["0", "0", "9"],
    "\x00",
    "9" * 5_000,
    "\u0663:\u0663",
    "-1",
    "1e9",
    "a" * 4_000,
    "<!channel> {{ 7*7 }}",
    [""] * 500,
]


@pytest.mark.parametrize("name", sorted(TABLE.forms))
def test_every_form_survives_forged_and_missing_values(talk, name):
    refs = ("", "x", "core:term/none", "w@2026-11-24T10:00", "\x00", "9" * 300)
    check(talk, ask(talk, "ann", FormSubmitted(name, {})), name)
    for value, ref in product(VALUES, refs):
        check(
            talk,
            ask(talk, "ann", FormSubmitted(name, dict.fromkeys(FIELDS, value), ref)),
            (name, str(value)[:40], ref[:40]),
        )
    for field, value in product(FIELDS, VALUES):
        check(
            talk, ask(talk, "ann", FormSubmitted(name, {field: value, "unasked": "x"})), (name, field, str(value)[:40])
        )


def test_every_field_of_every_form_that_opens_is_forged_above(talk):
    """A new form with a new field must add it to the list."""
    opened = [ask(talk, "ann", Typed(one)).opens for one in ("suggest x", "admin erase", "lessons preview")]
    opened += [ask(talk, "ann", Pressed(one)).opens for one in ("settings.change", "office_hours.add")]
    names = {field.name for form in opened if form for field in form.fields}
    assert names <= set(FIELDS), names - set(FIELDS)
    assert any(isinstance(field, MultiInput) for form in opened if form for field in form.fields)


def test_every_typeahead_survives_odd_words(talk):
    for source in (*TABLE.typeaheads, "nothing", ""):
        for odd in ODD:
            answer = ask(talk, "ann", Query(source, odd))
            assert answer.inline is None
            assert len(answer.picks) <= 100


def test_odd_names_of_people_are_shown_and_stored(talk):
    for at, odd in enumerate(ODD):
        incoming = talk.incoming(f"new{at}", Typed("start"))
        incoming = msgspec.structs.replace(incoming, name=odd, zone=odd, locale="en")
        answer = talk.system.app.handle(incoming, talk.now).result()
        check(talk, answer, odd[:60])
        assert talk.store(lambda parts, at=at: parts.people.actor(WORKSPACE, f"u-new{at}")).zone == "UTC"


def test_a_place_of_its_own_is_no_secret_door(talk):
    """A channel that is not ours shares nothing, whatever its id."""
    for odd in ("", "ml2", "d-ann", "../ml", "ml\n", "<!channel>", "a" * 4_000, "%", "m_"):
        incoming = talk.incoming("ann", Pressed("glossary.share", "core:term/drift"))
        with pytest.raises(Refusal):
            talk.system.app.handle(msgspec.structs.replace(incoming, place=Place("channel", odd)), talk.now).result()
