"""Drills, checklists, templates, cases, kits, survey items, badges: read whole, and every rule about them bites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pack import Condition
from content.check import check, errors
from content.conditions import parse
from content.loader import compile_pack, decode, encode
from tests.content.samples import FILES, SCENE, TODAY, codes, edited, read, write

DRILL, LIST, FORM, CASE, KIT, SURVEYS, BADGES = (
    "scenarios/silent-feed.yaml",
    "checklists/before-launch.yaml",
    "templates/note.md",
    "cases/boots-in-june.md",
    "kits/first-session.md",
    "surveys.yaml",
    "badges.yaml",
)
LOOP = "  loop: {say: Again., options: [{id: a, text: x, grade: best, goto: loop, why: x}, {id: b, text: y, grade: ok, goto: loop, why: y}]}\n"
IDLE = edited(DRILL, "  - {id: model,", "  - {id: desk, name: Desk, brief: You sell boots.}\n  - {id: model,")[DRILL]
NO_VOTE = IDLE.replace("ask: vote", "ask: lead").replace("ask: all", "ask: lead")

# code -> (files, the id it is reported for)
PLANTS = {
    "E170": (edited(DRILL, "if: harm >= 2", "if: harm >= 2 and trust < 1"), "core:scenario/silent-feed"),
    "E171": (edited(DRILL, "  over:\n", "  lost: {say: Nobody comes here., end: true}\n  over:\n"), "core:scenario/silent-feed"),
    "E172": (edited(DRILL, "    end: true\n", ""), "core:scenario/silent-feed"),
    "E173": (edited(DRILL, "on_timeout: b", "on_timeout: z"), "core:scenario/silent-feed"),
    "E174": (edited(DRILL, "effect: {harm: 2}", "effect: {hram: 2}"), "core:scenario/silent-feed"),
    "E175": ({DRILL: NO_VOTE}, "core:scenario/silent-feed"),
    "E176": (edited(DRILL, "grade: best, goto: over", "grade: ok, goto: over"), "core:scenario/silent-feed"),
    "E177": (edited(DRILL, "private: {lead:", "private: {laed:"), "core:scenario/silent-feed"),
    "E178": (edited(DRILL, "      - {id: b, text: Go home, grade: ok, goto: over, why: It can wait until noon.}\n", ""), "core:scenario/silent-feed"),
    "E179": (edited(DRILL, "id: press, at: 5", "id: press"), "core:scenario/silent-feed"),
    "E180": (edited(DRILL, "min: 1, max: 1", "min: 2, max: 1"), "core:scenario/silent-feed"),
    "E181": (edited(FORM, "{{ what }}", "{{ what }} {{ waht }}"), "core:template/note"),
    "E182": (edited(FORM, "{{ what }}", ""), "core:template/note"),
    "E183": (edited(FORM, "type: long", "type: multi"), "core:template/note"),
    "E184": (edited(CASE, "## Leader", "## Boss"), "core:case/boots-in-june"),
    "E185": ({CASE: FILES[CASE].replace(SCENE * 5, SCENE)}, "core:case/boots-in-june"),
    "E186": (edited(CASE, "fictional: true", "fictional: false"), "core:case/boots-in-june"),
    "E187": (edited(LIST, "id: told", "id: feed"), "core:checklist/before-launch"),
    "E188": (edited(KIT, "minutes: 20", "minutes: 25"), "core:kit/first-session"),
    "E189": (edited(SURVEYS, "scale: [no, partly, yes]", "scale: [no, yes]"), "core:survey/words"),
    "E190": (edited(LIST, "why: They answer the phone.", "why: ' '"), "core:checklist/before-launch"),
    "W205": (edited(DRILL, "say: The file is there.", f"say: The file is there{' and it is there' * 7}."), "core:scenario/silent-feed"),
    "W230": ({DRILL: IDLE.replace("ask: all", "ask: lead")
              .replace("goto: plan, why: It spreads", "goto: close, why: It spreads")}, "core:scenario/silent-feed"),
    "W231": (edited(DRILL, "minutes: 20", "minutes: 40"), "core:scenario/silent-feed"),
    "W232": ({KIT: FILES[KIT].replace(SCENE, "", 8)}, "core:kit/first-session"),
    "W233": (edited(DRILL, "say: The file is there.", "say: EXERCISE. The file is there."), "core:scenario/silent-feed"),
}  # fmt: skip


@pytest.mark.parametrize("code", PLANTS)
def test_a_planted_violation_is_found_and_is_the_only_one(tmp_path, code):
    files, subject = PLANTS[code]
    assert {(problem.code, problem.id) for problem in check(read(tmp_path, files), TODAY)} == {(code, subject)}


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("E172", edited(DRILL, "  over:\n", LOOP + "  over:\n")),
        ("E172", edited(DRILL, "    end: true\n", "    end: true\n    options: [{id: a, text: x, grade: best, goto: night, why: x}]\n")),
        ("E173", edited(DRILL, "    timer: 60\n", "")),
        ("E173", edited(DRILL, "    on_timeout: b\n", "")),
        ("E174", edited(DRILL, "if: harm >= 2", "if: hram >= 2")),
        ("E177", edited(DRILL, "start: night", "start: day")),
        ("E177", edited(DRILL, "ask: model", "ask: modle")),
        ("E177", edited(DRILL, "goto: tell", "goto: tlel")),
        ("E177", edited(DRILL, "after: plan", "after: paln")),
        ("E177", edited(DRILL, "to: [lead]", "to: [laed]")),
        ("E177", edited(DRILL, "{id: model, name", "{id: lead, name")),
        ("E179", edited(DRILL, "after: plan", "after: plan, at: 3")),
        ("E183", edited(FORM, "id: size, label", "id: registry, label")),
        ("E183", edited(FORM, ", choices: [small, large]", "")),
        ("E189", edited(SURVEYS, ", choices: [data, time]", "")),
        ("E111", edited(DRILL, "produce: [note]", "produce: [nota]")),
        ("E111", edited(BADGES, "template: note", "template: nota")),
        ("E111", edited(CASE, "lessons: [drift]", "lessons: [drfit]")),
        ("E102", edited(DRILL, "fits: [pm, exec]", "fit: [pm, exec]")),
        ("E104", edited(LIST, "when: On the day before.\n", "")),
        ("E116", edited(LIST, "topic: data", "topic: dta")),
        ("E123", edited(LIST, "2026-10-01", "October")),
        ("E124", edited("covers.yaml", "C1:", "C9:")),
        ("E114", edited(DRILL, "say: The file is there.", "say: Write to mira@shop.example.")),
        ("E113", edited(LIST, "when: On the day before.", "when: Look at {{ regsitry }}.")),
    ],
)  # fmt: skip
def test_the_same_rules_look_elsewhere_too(tmp_path, code, files):
    assert code in codes(errors(read(tmp_path, files)))


def test_a_pack_with_every_kind_survives_its_bytes(tmp_path):
    pack = compile_pack(write(tmp_path, {})).pack
    assert decode(encode(pack)) == pack
    drill, case = pack.scenarios[0], pack.cases[0]
    assert drill.debrief.produce == ("core:template/note",)
    assert drill.injects[0].condition == Condition("harm", ">=", 2)
    assert [heading for heading, _ in case.scenes] == ["Customer", "Engineer", "Leader"]
    assert pack.badges[0].template == "core:template/note"


def test_a_condition_names_its_line(tmp_path):
    (problem,) = errors(read(tmp_path, PLANTS["E170"][0]))
    assert FILES[DRILL].splitlines()[problem.line - 1].strip().startswith("- {id: press")


@pytest.mark.parametrize(
    ("text", "state", "holds"),
    [("a >= 2", 2, True), ("a >= 2", 1, False), ("a<0", -1, True), ("a == -3", -3, True), ("a != 1", 1, False), ("b > 0", 9, False)],
)  # fmt: skip
def test_a_condition_compares_one_state_with_one_number(text, state, holds):
    condition = parse(text)
    assert condition is not None
    assert condition.holds({"a": state}) is holds


@pytest.mark.parametrize("text", ["", "a", "a >=", "2 >= a", "a >= b", "a >= 2 or 1", "__import__('os') >= 1", "a >= 1.5", "A >= 1", "a >= 12345678"])  # fmt: skip
def test_anything_else_is_no_condition(text):
    assert parse(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text):
    parse(text)
