"""Every rule bites: one violation of each is planted in a sound pack and must be the code that is reported."""

from datetime import timedelta

import pytest

from content.change import changes
from content.check import check, codes, errors
from content.reader import read_pack
from tests.content.samples import BODY, FILES, LESSON, TERMS, TODAY, edited, read, write
from tests.content.samples import codes as codes_of
from tests.content.test_practice import PLANTS as PRACTICE_PLANTS

QUESTIONS, TERM, SKEW, MAP, QUIZ = (
    "questions/data.yaml",
    "glossary/data.yaml",
    "lessons/data/skew.md",
    "map.yaml",
    "quizzes/first-week.yaml",
)
RIGHT = "{id: a, text: The inputs of last night, correct: true, why: They show what changed.}"
LAPTOP = "      - {id: c, text: The age of the laptop used, why: It has no part in this.}\n"
BOOLEAN = edited(QUESTIONS, "rev: 1\n    stem: A feed", "rev: 1\n    type: boolean\n    stem: A feed")
LONG = "The inputs of last night beside the inputs of every night of the month"
LONGEST = FILES[QUESTIONS].replace("text: The inputs of last night", "text: The inputs of last night read well")
LONGEST = LONGEST.replace("text: This month and the last", "text: This month and the one before")
LONGEST_MORE = LONGEST + LONGEST.removeprefix("questions:\n").replace("id: skew-", "id: skew-more-")


def body(text: str) -> dict[str, str]:
    return {SKEW: LESSON.format(slug="skew", title="Skew", body=text)}


# code -> (files, the id it is reported for)
PLANTS = {
    "E111": (edited(SKEW, "terms: [skew]", "terms: [skwe]"), "core:lesson/skew"),
    "E112": (edited(SKEW, "prereqs: []", "prereqs: [skew]"), "core:lesson/skew"),
    "E113": (edited(SKEW, "{{ registry }}", "{{ regsitry }}"), "core:lesson/skew"),
    "E114": (edited(TERM, "A way to say what", "Ask mira@shop.example what"), "core:term/skew"),
    "E115": ({"glossary/privacy.yaml": TERMS.format(slug="Not_A_Slug", title="X", alias="y")}, "core:term/Not_A_Slug"),
    "E116": ({"glossary/dta.yaml": TERMS.format(slug="skew-again", title="X", alias="y").replace("lessons: [skew-again]", "lessons: []")}, "core:term/skew-again"),
    "E117": (edited(TERM, "[book]", "[bok]"), "core:term/skew"),
    "E118": (edited(MAP, "- [skew, drift]", "- [skew, drfit]"), "map.yaml"),
    "E119": ({"moved.yaml": "lesson/old: lesson/nowhere\n"}, "moved.yaml"),
    "E120": (body(BODY + " Counterrevolutionaries notwithstanding." * 25), "core:lesson/skew"),
    "E121": (edited(SKEW, "  default: It", "  ds: It"), "core:lesson/skew"),
    "E122": (edited(SKEW, "  pm: It", "  boss: It"), "core:lesson/skew"),
    "E123": (edited(TERM, "2026-10-01", "October"), "core:term/skew"),
    "E124": (edited("covers.yaml", "term/skew", "term/skwe"), "covers.yaml"),
    "E130": (edited(QUESTIONS, "why: A colour says little.", "why: ''"), "core:question/skew-1"),
    "E131": (edited(QUESTIONS, "dashboard, why", "dashboard, correct: true, why"), "core:question/skew-1"),
    "E132": (edited(QUESTIONS, LAPTOP, LAPTOP + LAPTOP.replace("id: c", "id: d").replace("laptop", "old chair") + LAPTOP.replace("id: c", "id: e").replace("age of the laptop", "noise of a printer")), "core:question/skew-1"),
    "E133": (
        {QUESTIONS: FILES[QUESTIONS].replace(", correct: true", "", 1).replace("used, why", "used, correct: true, why", 1)},
        "core:question/skew-1",
    ),
    "E134": (edited(QUESTIONS, "The age of the laptop used", "Both of these"), "core:question/skew-1"),
    "E135": (edited(QUESTIONS, "A feed stops at night.", "A feed stops at night. " * 20), "core:question/skew-1"),
    "E136": (edited(QUESTIONS, "{id: b", "{id: a"), "core:question/skew-1"),
    "E140": (edited(TERM, "One line about skew.", "One line. " * 20), "core:term/skew"),
    "E141": ({"glossary/monitoring.yaml": TERMS.format(slug="drift", title="Drift", alias="SKEW")}, "core:term/drift"),
    "E142": (edited(TERM, "    see: []", "    see: []\n    audience: [boss]"), "core:term/skew"),
    "E150": (edited(QUIZ, "skew-1, skew-2", "skew-1, skew-1"), "core:quiz/first-week"),
    "E151": (BOOLEAN, "core:quiz/first-week"),
    "E160": (
        {**edited(SKEW, "prereqs: []", "prereqs: [drift]"), MAP: FILES[MAP]},
        "track/everyone-core",
    ),
    "E161": (edited(MAP, "lessons: [skew, drift]", "lessons: [skew, drift, skew]"), "track/everyone-core"),
    "W201": (body("Four words are few."), "core:lesson/skew"),
    "W202": (body(BODY + " This one goes on" + " and on" * 12 + "."), "core:lesson/skew"),
    "W203": (
        {
            **body(BODY.replace("**The lesson**", "**Skew**, **drift** and **boots**")),
            "glossary/privacy.yaml": TERMS.format(slug="boots", title="Boots", alias="shoes").replace("lessons: [boots]", "lessons: [skew]"),
            "glossary/monitoring.yaml": FILES["glossary/monitoring.yaml"].replace("lessons: [drift]", "lessons: [drift, skew]"),
            MAP: FILES[MAP].replace("tracks:", "  privacy:\n    name: Privacy\ntracks:"),
        },
        "core:lesson/skew",
    ),
    "W204": (
        {"glossary/monitoring.yaml": TERMS.format(slug="drift", title="Drift", alias="next week")},
        "core:lesson/skew",
    ),
    "W210": (edited(QUESTIONS, "The inputs of last night", LONG), "core:question/skew-1"),
    "W211": ({QUESTIONS: LONGEST_MORE}, "topic/data"),
    "W212": (edited(QUESTIONS, "The colour of the dashboard", "It is always the dashboard"), "core:question/skew-1"),
    "W215": (
        edited(QUESTIONS, "Two towns chosen at random", "The names of the column"), "core:question/skew-2"),
    "W216": (edited(QUESTIONS, "A feed stops at night.", "In June a colleague changed one table, and nobody told her."), "core:question/skew-1"),
    "W217": (edited(QUESTIONS, "What was expected", "A note for a person"), "core:question/skew-3"),
    "W213": (edited(QUESTIONS, "concepts: [term/skew]", "concepts: []"), "core:term/skew"),
    "W214": (edited(QUESTIONS, "concepts: [skew]", "concepts: [drift]"), "core:question/skew-1"),
    "W220": (edited(TERM, "2026-10-01", "2025-10-01"), "core:term/skew"),
    "W221": ({**edited(TERM, "A way to say", "A PSI says"), TERM: FILES[TERM].replace("A way", "A PSI").replace("[book]", "[]")}, "core:term/skew"),
    "W222": (edited(TERM, "A way to say what", "A careless way to say what"), "core:term/skew"),
    "W223": (edited(MAP, "lessons: [skew, drift]", "lessons: [drift]"), "core:lesson/skew"),
    "W224": (edited(MAP, "planned: 1", "planned: 2"), "topic/data"),
    "W227": (body(BODY + " They call it XYZ."), "core:lesson/skew"),
    "W291": ({"accepted.yaml": "accepted:\n  - {code: E130, id: lesson/skew, reason: tired}\n"}, "core:lesson/skew"),
    "W292": ({"accepted.yaml": "accepted:\n  - {code: W220, id: lesson/skew, reason: read last week}\n"}, "core:lesson/skew"),
}  # fmt: skip
# test_reader.py, test_overlay.py, and below
ELSEWHERE = {"E101", "E102", "E103", "E104", "E105", "E110", "W290", "E162", "E163"}
ELSEWHERE |= {"E106", "E191", "E192", "E193", "W240", "E164", "W225"}


def test_the_sample_has_nothing_to_complain_about(tmp_path):
    assert check(read(tmp_path, {}), TODAY) == []


def test_every_code_is_planted_somewhere():
    assert PLANTS.keys() | PRACTICE_PLANTS.keys() | ELSEWHERE == codes().keys()


@pytest.mark.parametrize("code", PLANTS)
def test_a_planted_violation_is_found(tmp_path, code):
    files, subject = PLANTS[code]
    found = {(problem.code, problem.id) for problem in check(read(tmp_path, files), TODAY)}
    assert (code, subject) in found


@pytest.mark.parametrize(
    "code", [code for code in PLANTS if code not in {"E115", "E131", "E136", "E151", "W211", "W213", "W214", "E160"}]
)
def test_a_planted_violation_is_the_only_one(tmp_path, code):
    files, _ = PLANTS[code]
    assert codes_of(check(read(tmp_path, files), TODAY)) == {code}


def test_a_problem_knows_the_line_of_the_field(tmp_path):
    (problem,) = check(read(tmp_path, PLANTS["E130"][0]), TODAY)
    assert (problem.file, problem.line) == (QUESTIONS, 7)


@pytest.mark.parametrize(
    ("code", "subject", "files"),
    [
        ("E115", "topic/The Data", edited(MAP, "  monitoring:\n", "  The Data:\n    name: X\n  monitoring:\n")),
        ("E116", "core:lesson/skew", edited(SKEW, "prereqs: []", "also: [weather]")),
        ("E119", "moved.yaml", {"moved.yaml": "lesson/skew: lesson/drift\n"}),
        ("E131", "core:question/skew-1", {QUESTIONS: FILES[QUESTIONS].replace(", correct: true", "", 1).replace("rev: 1", "rev: 1\n    type: multi", 1)}),
    ],
)  # fmt: skip
def test_the_same_rules_look_elsewhere_too(tmp_path, code, subject, files):
    assert (code, subject) in {(problem.code, problem.id) for problem in errors(read(tmp_path, files))}


def test_errors_leave_warnings_out(tmp_path):
    assert codes_of(errors(read(tmp_path, PLANTS["E130"][0]))) == {"E130"}
    assert errors(read(tmp_path / "other", PLANTS["W222"][0])) == []


@pytest.mark.parametrize("subject", ["term/skew", "core:term/skew"])
def test_an_accepted_warning_is_silent(tmp_path, subject):
    accepted = {"accepted.yaml": f"accepted:\n  - {{code: W222, id: '{subject}', reason: It is a quotation.}}\n"}
    assert check(read(tmp_path, {**PLANTS["W222"][0], **accepted}), TODAY) == []


def test_an_acceptance_without_a_reason_silences_nothing(tmp_path):
    accepted = {"accepted.yaml": "accepted:\n  - {code: W222, id: term/skew, reason: ' '}\n"}
    assert codes_of(check(read(tmp_path, {**PLANTS["W222"][0], **accepted}), TODAY)) == {"W222", "W291"}


def test_a_review_is_stale_only_after_its_days(tmp_path):
    source = read(tmp_path, {})
    assert check(source, TODAY + timedelta(days=100)) == []
    assert codes_of(check(source, TODAY + timedelta(days=200))) == {"W220"}


def test_a_longer_circle_is_shown(tmp_path):
    files = {
        **edited(SKEW, "prereqs: []", "prereqs: [drift]"),
        **edited("lessons/monitoring/drift.md", "prereqs: []", "prereqs: [skew]"),
    }
    (problem,) = [one for one in check(read(tmp_path, files), TODAY) if one.code == "E112"]
    assert problem.message.count("->") == 2


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12345678-abcdefgh",
        "AKIAABCDEFGHIJKLMNOP",
        "password: hunter2hunter2",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_" + "a1" * 12,
    ],
)
def test_what_looks_like_a_secret(tmp_path, text):
    assert "E114" in codes_of(errors(read(tmp_path, edited(TERM, "A way to say what happened.", f"'{text}'"))))


def test_prose_about_secrets_is_no_secret(tmp_path):
    text = "'The token: a small piece of text. Keep a password secret: never send it.'"
    assert errors(read(tmp_path, edited(TERM, "A way to say what happened.", text))) == []


def test_a_quotation_blames_nobody(tmp_path):
    files = edited(TERM, "A way to say what happened.", "'Do not write \"human error\" in a report.'")
    assert check(read(tmp_path, files), TODAY) == []


def test_a_changed_text_needs_a_new_rev(tmp_path):
    before = read(tmp_path / "before", {}).pack
    after = read(tmp_path / "after", edited(TERM, "A way", "Another way"))
    (problem,) = changes(before, after)
    assert (problem.code, problem.id, problem.file, problem.line) == ("E162", "core:term/skew", TERM, 3)
    raised = edited(TERM, "rev: 1", "rev: 2")[TERM].replace("A way", "Another way")
    assert changes(before, read(tmp_path / "raised", {TERM: raised})) == []


def test_a_new_review_date_needs_no_new_rev(tmp_path):
    before = read(tmp_path / "before", {}).pack
    assert changes(before, read(tmp_path / "after", edited(TERM, "2026-10-01", "2026-11-01"))) == []


def test_an_id_may_not_just_vanish(tmp_path):
    before = read(tmp_path / "before", {}).pack
    gone = read(tmp_path / "gone", {TERM: None})
    assert [(one.code, one.id) for one in changes(before, gone)] == [("E163", "core:term/skew")]
    told = read_pack(write(tmp_path / "told", {TERM: None, "moved.yaml": "term/skew: term/drift\n"}))
    assert changes(before, told) == []


TWO_FACTS = {
    TERM: FILES[TERM].replace("A way", "A PSI of a drop").replace("[book]", "[]"),
    "facts.yaml": "facts:\n"
    "  - {id: psi, topic: data, often_taught: x, right: x, source: x, evidence: read, watch_words: [PSI]}\n"
    "  - {id: drop, topic: data, often_taught: x, right: x, source: x, evidence: read, watch_words: [drop]}\n",
}


def test_every_fact_is_accepted_on_its_own(tmp_path):
    assert [one.fact for one in check(read(tmp_path / "open", TWO_FACTS), TODAY)] == ["psi", "drop"]
    one = {"accepted.yaml": "accepted:\n  - {code: W221, id: term/skew, fact: psi, reason: Compared.}\n"}
    assert [one.fact for one in check(read(tmp_path / "one", {**TWO_FACTS, **one}), TODAY)] == ["drop"]
    whole = {"accepted.yaml": "accepted:\n  - {code: W221, id: term/skew, reason: Compared with both.}\n"}
    assert check(read(tmp_path / "whole", {**TWO_FACTS, **whole}), TODAY) == []
    other = {"accepted.yaml": "accepted:\n  - {code: W221, id: term/skew, fact: other, reason: Compared.}\n"}
    found = check(read(tmp_path / "other", {**TWO_FACTS, **other}), TODAY)
    assert codes_of(found) == {"W221", "W292"}


def test_what_people_mix_up_is_taught_close_together(tmp_path, monkeypatch):
    assert check(read(tmp_path, {}), TODAY) == []
    monkeypatch.setattr("content.rules.references.CLOSE", 0)
    (found,) = check(read(tmp_path, {}), TODAY)
    assert (found.code, found.message) == ("W225", "skew and drift are 1 lessons apart")
