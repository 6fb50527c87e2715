"""``mlops-coach content ...``: what an author types, from a first version to a pack that somebody else takes."""

import json
import time
import zipfile

import pytest
from typer.testing import CliRunner

from adapters.cli import app
from adapters.cli.fit import misfits
from adapters.cli.preview import Previews
from adapters.slack import render as slack
from adapters.teams import render as teams
from adapters.wiring import foreign
from content.catalog import CompiledCatalog
from content.kinds import PARTS, items
from content.loader import compile_pack
from content.reader import read_pack
from tests.content.samples import FILES, TODAY, edited, write

HEAVY = "".join(f"  - {{id: n{at}, text: {'Look at it. ' * 20}, why: {'It matters. ' * 20}}}\n" for at in range(60))
TOO_LONG = edited("checklists/before-launch.yaml", "items:\n", "items:\n" + HEAVY)


@pytest.fixture
def say(tmp_path):
    """Type words; returns (exit code, everything printed)."""

    def typed(*words):
        done = CliRunner().invoke(app, ["content", *map(str, words)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, done.output

    return typed


@pytest.fixture
def pack(tmp_path):
    return write(tmp_path / "pack", {})


def test_check_of_a_sound_pack(say, pack):
    assert say("check", "--pack", pack) == (0, "0 errors, 0 warnings\n")
    assert json.loads(say("check", "--pack", pack, "--json")[1]) == {"errors": 0, "problems": []}


def test_check_finds_what_a_platform_would_cut(say, tmp_path):
    folder = write(tmp_path / "long", TOO_LONG)
    code, told = say("check", "--pack", folder)
    assert code == 1
    assert "checklists/before-launch.yaml:1: E164 core:checklist/before-launch: a message is cut in Slack" in told
    assert "a card is cut in Teams" in told
    assert say("check", "--pack", folder, "--fast")[0] == 0


def test_check_without_a_pack(say, tmp_path):
    assert say("check", "--pack", tmp_path) == (
        2,
        f"There is no pack.yaml in {tmp_path}.\nGive the folder of a pack with --pack.\n",
    )


@pytest.mark.parametrize("platform", ["plain", "both"])
def test_every_kind_has_a_preview(say, pack, platform):
    for item in items(compile_pack(pack).pack):
        code, told = say("preview", item.id.partition(":")[2], "--pack", pack, "--platform", platform)
        assert code == 0, (item.id, told)
        assert told.strip()


def test_preview_in_the_words_of_a_company_and_a_role(say, pack, tmp_path):
    (tmp_path / "company.yaml").write_text("values:\n  registry: the big book\n")
    told = say("preview", "lesson/skew", "--role", "pm", "--vars", tmp_path / "company.yaml", "--pack", pack)[1]
    assert "Open the big book" in told
    assert "It keeps a launch date honest." in told
    assert say("preview", "lesson/nothing", "--pack", pack)[0] == 1


def test_stats(say, pack):
    code, told = say("stats", "--pack", pack)
    assert code == 0
    assert "Requirements taught by content: 2 of 3 (66.7%)" in told
    assert "C3 monitoring: What drift is" in told
    figures = json.loads(say("stats", "--pack", pack, "--json")[1])
    assert figures["taught"] == {"of": 3, "count": 2}
    assert {one["kind"] for one in figures["kinds"]} == {*PARTS, "core question"}


@pytest.mark.parametrize("kind", PARTS)
def test_new(say, pack, kind):
    code, told = say("new", kind, "brand-new", "--topic", "data", "--pack", pack)
    assert code == 0, told
    assert f"core:{kind}/brand-new" in {item.id for item in items(read_pack(pack).pack)}
    assert say("new", kind, "brand-new", "--topic", "data", "--pack", pack)[0] == 1


@pytest.mark.parametrize("words", [("poem", "x"), ("lesson", "Not A Slug"), ("lesson", "x", "--topic", "weather")])
def test_new_with_wrong_words(say, pack, words):
    assert say("new", *words, "--pack", pack)[0] == 2


def test_diff_of_folders_and_of_compiled_packs(say, pack, tmp_path):
    after = write(tmp_path / "after", edited("glossary/data.yaml", "One line about", "A line about"))
    assert say("export", "--format", "json", "--output", tmp_path / "old.json", "--pack", pack)[0] == 0
    for old in (pack, tmp_path / "old.json"):
        assert "core:term/skew" in say("diff", old, after)[1]
        (one,) = json.loads(say("diff", old, after, "--json")[1])
        assert (one["id"], one["change"]) == ("core:term/skew", "clarify")
    assert say("diff", tmp_path / "old.json", FILES and pack)[1].startswith("0 items changed")
    (tmp_path / "bad.json").write_text("{}")
    assert say("diff", tmp_path / "bad.json", pack)[0] == 1


@pytest.mark.parametrize("form", ["gift", "csv"])
def test_questions_go_out_and_come_back_into_another_pack(say, pack, tmp_path, form):
    file = tmp_path / f"questions.{form}"
    assert say("export", "--format", form, "--output", file, "--topic", "data", "--pack", pack)[0] == 0
    before = FILES["questions/data.yaml"].replace("skew-", "other-")
    links = {
        "lessons/data/skew.md": FILES["lessons/data/skew.md"].replace("skew-", "other-"),
        "quizzes/first-week.yaml": None,
    }
    other = write(tmp_path / "other", {"questions/data.yaml": before, **links})
    code, told = say("import", file, "--topic", "data", "--pack", other)
    assert (code, "3 taken as drafts" in told) == (0, True)
    taken = {one.id: one for one in read_pack(other).pack.questions}
    assert taken["core:question/skew-1"].stem.startswith("A feed stops at night.")
    assert taken["core:question/skew-1"].status == "draft"
    code, told = say("import", file, "--topic", "data", "--pack", other)
    assert (code, "is there already" in told) == (1, True)


def test_a_dry_import_writes_nothing(say, pack, tmp_path):
    (tmp_path / "q.gift").write_text("::fresh:: Which? {=this#r ~that#w}")
    code, told = say("import", tmp_path / "q.gift", "--topic", "data", "--dry-run", "--pack", pack)
    assert (code, 'id: "fresh"' in told) == (0, True)
    assert (pack / "questions/data.yaml").read_text() == FILES["questions/data.yaml"]


def test_anki(say, pack, tmp_path):
    assert say("export", "--format", "anki", "--output", tmp_path / "deck.apkg", "--pack", pack)[0] == 0
    assert "collection.anki2" in zipfile.ZipFile(tmp_path / "deck.apkg").namelist()


def zipped(where, files):
    with zipfile.ZipFile(where, "w") as archive:
        for name, text in files.items():
            if text is not None:
                archive.writestr(name, text)
    return where


def test_somebody_elses_pack_is_taken_whole(say, tmp_path):
    code, told = say("import", zipped(tmp_path / "p.zip", FILES), "--into", tmp_path / "taken")
    assert code == 0, told
    assert compile_pack(tmp_path / "taken").usable
    assert say("import", tmp_path / "p.zip", "--into", tmp_path / "taken")[0] == 2


@pytest.mark.parametrize(
    "files", [edited("glossary/data.yaml", "[book]", "[bok]"), {"../../evil.md": "x"}, {"run.sh": "x"}]
)
def test_a_pack_that_is_not_sound_leaves_nothing(say, tmp_path, files):
    (tmp_path / "room").mkdir()
    code, told = say("import", zipped(tmp_path / "p.zip", {**FILES, **files}), "--into", tmp_path / "room" / "taken")
    assert code == 1, told
    assert list((tmp_path / "room").iterdir()) == []
    assert not (tmp_path / "evil.md").exists()


# ---- a pack compiled apart


def test_apart_gives_the_same(pack, tmp_path):
    assert foreign.compile_apart(pack) == compile_pack(pack)
    broken = write(tmp_path / "broken", edited("glossary/data.yaml", "[book]", "[bok]"))
    assert foreign.compile_apart(broken).problems == compile_pack(broken).problems


def test_a_pack_that_takes_too_long_is_given_up(pack):
    start = time.monotonic()
    with pytest.raises(foreign.Refused, match="more than"):
        foreign.compile_apart(pack, seconds=0.01)
    assert time.monotonic() - start < 10


def test_the_process_apart_knows_no_token(pack, monkeypatch):
    seen = {}

    def run(*args, **kwargs):
        seen.update(kwargs["env"])
        raise foreign.Refused("seen")

    monkeypatch.setenv("MLOPS_SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(foreign.Refused, match="seen"):
        foreign.compile_apart(pack)
    assert "PATH" in seen
    assert "MLOPS_SLACK_BOT_TOKEN" not in seen


# ---- every screen on both platforms (of the core pack: `content check`, code E164)


def test_a_screen_that_does_not_fit_is_found(tmp_path):
    found = list(misfits(compile_pack(write(tmp_path, TOO_LONG)).pack, TODAY))
    assert {id for id, _ in found} == {"core:checklist/before-launch"}


def test_a_drill_says_that_it_is_an_exercise(pack):
    catalog = CompiledCatalog(compile_pack(pack).pack, "v")
    drill = catalog.scenarios["core:scenario/silent-feed"]
    for message in Previews(catalog, TODAY).screens(drill):
        assert "EXERCISE" in json.dumps(slack.message(message))
        assert "EXERCISE" in json.dumps(teams.card(message))
