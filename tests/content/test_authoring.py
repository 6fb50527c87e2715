"""First versions of items, what an edit means, and which requirements are taught."""

import pytest

from bot.domain.pack import Lesson
from content.check import errors
from content.coverage import coverage, share_taught
from content.diff import differences
from content.kinds import PARTS, items
from content.loader import compile_pack
from content.reader import read_pack
from content.skeletons import WRITE, skeleton
from content.stats import by_kind, guesser
from tests.content.samples import FILES, codes, edited, read, write

QUESTIONS, TERM, SKEW = "questions/data.yaml", "glossary/data.yaml", "lessons/data/skew.md"


@pytest.mark.parametrize("kind", PARTS)
def test_a_first_version_is_sound_in_form(tmp_path, kind):
    made = skeleton(kind, "brand-new", "data", "2026-11-20")
    before = FILES.get(made.file, made.opening)
    source = read(tmp_path, {made.file: (before if made.opening else "") + made.text})
    assert WRITE in made.text or kind == "quiz"
    assert f"core:{kind}/brand-new" in {item.id for item in items(source.pack)}
    # What is still to be written may be missing; nothing else may be wrong.
    assert codes(errors(source)) <= {"E111", "E150", "E185"}


def pack(folder, files):
    compiled = compile_pack(write(folder, files))
    assert compiled.usable, compiled.problems
    return compiled.pack


RIGHT_MOVED = FILES[QUESTIONS].replace("      - {id: a, text: The inputs of last night, correct: true, why: They show what changed.}\n"
    "      - {id: b, text: The colour of the dashboard, why: A colour says little.}\n",
    "      - {id: b, text: The colour of the dashboard, correct: true, why: A colour says little.}\n"
    "      - {id: a, text: The inputs of last night, why: They show what changed.}\n", 1)  # fmt: skip
NEW_BODY = FILES[SKEW].split("---\n", 2)[0:2]


@pytest.mark.parametrize(
    ("files", "id", "change", "declared"),
    [
        (edited(TERM, "One line about", "A line about"), "core:term/skew", "clarify", False),
        (edited(SKEW, "Mira works", "Mira is working"), "core:lesson/skew", "typo", False),
        ({QUESTIONS: RIGHT_MOVED}, "core:question/skew-1", "correct", False),
        (edited(TERM, "rev: 1", "rev: 1\n    status: retired"), "core:term/skew", "retire", False),
        (edited(SKEW, "rev: 1\n", "rev: 2\nchange: replace\n") | {}, "core:lesson/skew", None, None),
    ],
)
def test_the_class_of_a_change(tmp_path, files, id, change, declared):
    before, after = pack(tmp_path / "before", {}), pack(tmp_path / "after", files)
    found = differences(before, after)
    if change is None:  # a new rev without a new text is no change
        assert found == []
    else:
        assert [(one.id, one.change, one.declared) for one in found] == [(id, change, declared)]


def test_the_author_decides_over_the_guess(tmp_path):
    text = FILES[SKEW].replace("rev: 1\n", "rev: 2\nchange: replace\n").replace("Mira works", "Mira is working")
    (one,) = differences(pack(tmp_path / "before", {}), pack(tmp_path / "after", {SKEW: text}))
    assert (one.change, one.declared, one.rev, one.fields) == ("replace", True, (1, 2), ("body",))
    assert "half way" in one.means


def test_added_and_gone(tmp_path):
    extra = {
        "glossary/privacy.yaml": None,
        "checklists/after.yaml": FILES["checklists/before-launch.yaml"].replace("before-launch", "after"),
    }
    before, after = (
        pack(tmp_path / "before", {}),
        pack(tmp_path / "after", {**extra, "checklists/before-launch.yaml": None}),
    )
    assert [(one.id, one.change, one.rev) for one in differences(before, after)] == [
        ("core:checklist/after", "added", (0, 1)),
        ("core:checklist/before-launch", "gone", (1, 0)),
    ]


def test_a_review_alone_is_no_change(tmp_path):
    files = edited(TERM, "2026-10-01", "2026-11-01")
    assert differences(pack(tmp_path / "before", {}), pack(tmp_path / "after", files)) == []


def test_coverage(tmp_path):
    source = read(tmp_path, {})
    found = {one.id: one for one in coverage(source)}
    assert {id: one.state for id, one in found.items()} == {
        "C1": "taught", "C2": "taught", "C3": "untaught", "C4": "feature", "C5": "teaser",
    }  # fmt: skip
    assert found["C1"].by == ("core:lesson/skew", "core:term/skew")
    assert found["C1"].missing == ()
    assert share_taught(list(found.values())) == (2, 3)


def test_a_draft_teaches_nobody_and_a_missing_kind_is_told(tmp_path):
    files = {**edited(SKEW, "rev: 1\n", "rev: 1\nstatus: draft\n")}
    found = {one.id: one for one in coverage(read(tmp_path, files))}
    assert found["C1"].by == ("core:term/skew",)
    assert found["C1"].missing == ("lesson", "question")
    nothing = {**edited("covers.yaml", "[scenario/silent-feed]", "[]")}
    assert {one.id: one.state for one in coverage(read(tmp_path / "none", nothing))}["C2"] == "untaught"


def test_kinds_and_floors(tmp_path):
    counts = {one.kind: one for one in by_kind(pack(tmp_path, {}))}
    assert (counts["scenario"].count, counts["survey"].count, counts["core question"].count) == (1, 3, 2)
    assert not counts["lesson"].enough


def test_a_guesser(tmp_path):
    luck = guesser(pack(tmp_path, {}))
    assert luck.questions == 6
    assert 0 <= luck.longest <= 6


def test_the_core_pack_cannot_be_guessed_by_length():
    luck = guesser(read_pack(compile_core()).pack)
    assert luck.longest < 0.4 * luck.questions


def compile_core():
    from content.loader import CORE

    return CORE


def test_a_declared_change_is_a_field_of_lessons_only():
    assert "change" in Lesson.__struct_fields__
