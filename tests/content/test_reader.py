"""A folder becomes a pack; what is wrong in a file becomes a problem with a line, never an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import folder as pack_folder
from content.reader import read_pack
from tests.content.samples import FILES, LESSON, TERMS, codes, edited, read, write


def test_the_sample_is_read_whole(tmp_path):
    source = read(tmp_path, {})
    assert source.problems == ()
    pack = source.pack
    assert (pack.id, pack.version, pack.title) == ("core", "1.0.0", "Sample")
    assert [lesson.id for lesson in pack.lessons] == ["core:lesson/skew", "core:lesson/drift"]
    assert len(pack.questions) == 6
    assert pack.sources == {"book": "A book about looking, 2020"}
    assert pack.confusable == (("core:term/skew", "core:term/drift"),)


def test_slugs_become_full_ids_by_the_kind_of_the_field(tmp_path):
    pack = read(tmp_path, {}).pack
    lesson, question, quiz = pack.lessons[0], pack.questions[1], pack.quizzes[0]
    assert lesson.core_question == "core:question/skew-1"
    assert lesson.questions == ("core:question/skew-2",)
    assert lesson.terms == ("core:term/skew",)
    assert question.concepts == ("core:lesson/skew", "core:term/skew")
    assert quiz.questions[0] == "core:question/skew-1"
    assert quiz.look_up == "core:term/drift"
    assert pack.tracks[0].lessons == ("core:lesson/skew", "core:lesson/drift")


def test_a_full_id_is_accepted(tmp_path):
    pack = read(tmp_path, edited("glossary/data.yaml", "id: skew", "id: core:term/skew")).pack
    assert pack.terms[0].id == "core:term/skew"


def test_the_topic_comes_from_the_folder_or_the_file(tmp_path):
    pack = read(tmp_path, {}).pack
    assert {lesson.topic for lesson in pack.lessons} == {"data", "monitoring"}
    assert pack.questions[0].topic == "data"
    assert pack.terms[1].topic == "monitoring"


def test_moves_are_expanded(tmp_path):
    pack = read(tmp_path, {"moved.yaml": "lesson/old: lesson/skew\nterm/gone: null\n"}).pack
    assert pack.moved == {"core:lesson/old": "core:lesson/skew", "core:term/gone": None}


@pytest.mark.parametrize(
    ("files", "code", "line", "words"),
    [
        (edited("questions/data.yaml", "core: true", "kore: true"), "E102", 10, "kore"),
        (edited("questions/data.yaml", "core: true", "core: sometimes"), "E103", 10, "core"),
        (edited("questions/data.yaml", "rev: 1\n    stem: The", "rev: 1\n    text: The"), "E104", 11, "stem"),
        (edited("questions/data.yaml", "correct: true, why", "korrect: true, why"), "E102", 6, "korrect"),
        (edited("questions/data.yaml", "A colour says little.", "12"), "E103", 7, "options"),
        (edited("glossary/data.yaml", "    plain: A way to say what happened.\n", ""), "E104", 2, "plain"),
        (edited("lessons/data/skew.md", "level: 1", "level: 9"), "E103", 5, "level"),
        (edited("lessons/data/skew.md", "  pm: It", "  pm: 3\n  des: It"), "E103", 12, "why"),
        (edited("map.yaml", "    planned: 1\n  monitoring", "    planed: 1\n  monitoring"), "E102", 4, "planed"),
        (edited("map.yaml", "role: pm", "role: boss"), "E103", 14, "role"),
        ({"map.yaml": FILES["map.yaml"] + "foo: 1\n"}, "E102", 18, "foo"),
        (edited("quizzes/first-week.yaml", "look_up: drift", "lookup: drift"), "E102", 6, "look_up"),
        ({"sources.yaml": "a: b\nc: [d]\n"}, "E101", 2, "c"),
        ({"moved.yaml": "- a\n"}, "E101", 1, "name"),
        ({"questions/data.yaml": "terms: []\n"}, "E101", 1, "questions"),
        ({"glossary/data.yaml": "terms: 1\n"}, "E101", 1, "terms"),
        ({"glossary/data.yaml": "terms:\n  - just words\n"}, "E103", 2, "fields"),
        ({"quizzes/first-week.yaml": "- a\n"}, "E103", 1, "fields"),
        ({"lessons/data/skew.md": "no fence\n"}, "E101", 1, "---"),
        ({"lessons/data/skew.md": "---\na: 1\n"}, "E101", 1, "closing"),
        ({"lessons/data/skew.md": "---\na: 1\nb: *x\n---\nbody\n"}, "E101", 3, "aliases"),
        ({"lessons/data/skew.md": b"---\n\xff\n---\n"}, "E101", 1, "UTF-8"),
        ({"lessons/data/skew.md": "x" * (pack_folder.BYTES_LIMIT + 1)}, "E101", 1, "KiB"),
        ({"pack.yaml": None}, "E105", 1, "pack.yaml"),
        ({"lesson/data/skew.md": "x"}, "W290", 1, "nothing reads"),
    ],
)  # fmt: skip
def test_problems_have_a_code_a_line_and_words(tmp_path, files, code, line, words):
    found = [problem for problem in read(tmp_path, files).problems if problem.code == code]
    assert found, f"no {code}"
    assert any(problem.line == line and words in problem.message + problem.suggestion for problem in found), found


def test_one_slip_does_not_hide_the_next(tmp_path):
    files = edited("glossary/data.yaml", "    rev: 1\n", "    rev: one\n    shrot: x\n")
    assert codes(read(tmp_path, files).problems) == {"E102", "E103"}


def test_a_near_field_name_is_proposed(tmp_path):
    (problem,) = read(tmp_path, edited("glossary/data.yaml", "    see: []", "    sea: []")).problems
    assert "`see`" in problem.suggestion
    assert problem.as_line().startswith("glossary/data.yaml:9: E102 core:term/skew: unknown field 'sea'")


def test_an_id_given_twice_names_the_first_place(tmp_path):
    source = read(tmp_path, {"glossary/monitoring.yaml": TERMS.format(slug="skew", title="Other", alias="x")})
    (problem,) = [one for one in source.problems if one.code == "E110"]
    assert "glossary/data.yaml line 2" in problem.message
    assert [term.term for term in source.pack.terms] == ["Skew"]


def test_a_broken_item_keeps_its_place_so_that_its_friends_are_not_called_dead(tmp_path):
    source = read(tmp_path, edited("glossary/data.yaml", "    rev: 1\n", ""))
    assert [term.id for term in source.pack.terms] == ["core:term/drift"]
    assert "core:term/skew" in source.places


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    text = LESSON.format(slug="skew", title="Skew", body="Words.")
    source = read(tmp_path, {"lessons/data/skew.md": "\ufeff" + text.replace("\n", "\r\n")})
    assert source.problems == ()


def test_links_are_not_followed(tmp_path):
    write(tmp_path / "pack", {"lessons/data/skew.md": None})
    (tmp_path / "outside.md").write_text("secret")
    (tmp_path / "pack/lessons/data").mkdir(parents=True, exist_ok=True)
    (tmp_path / "pack/lessons/data/skew.md").symlink_to(tmp_path / "outside.md")
    assert any("links" in problem.message for problem in read_pack(tmp_path / "pack").problems)


def test_hidden_files_are_nobodys_business(tmp_path):
    assert read(tmp_path, {".git/config": "x", "lessons/.swp": "x"}).problems == ()


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_folder, "FILES_LIMIT", 5)
    assert any("files" in problem.message for problem in read(tmp_path, {}).problems)


def test_values_are_counted_over_the_whole_pack(tmp_path, monkeypatch):
    monkeypatch.setattr("content.yaml_reader.NODES_LIMIT", 60)
    source = read(tmp_path, {})
    assert any("at most" in problem.message for problem in source.problems)


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=300))
def test_no_file_makes_the_reader_raise(tmp_path_factory, name, data):
    read(tmp_path_factory.mktemp("pack"), {name: data})


@given(st.data())
def test_no_edit_makes_the_reader_raise(tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    text = FILES[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    middle = data.draw(st.text(alphabet=":-[]{}'\"\n ax1>|&*!#", max_size=6))
    read(tmp_path_factory.mktemp("pack"), {name: text[:start] + middle + text[end:]})
