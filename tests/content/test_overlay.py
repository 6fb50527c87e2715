"""A company's pack over the core: its words, notes, overrides and items, and what it may not do."""

import os

import pytest

from content import folder, loader, reader
from content.catalog import CompiledCatalog
from content.check import check, errors
from content.loader import CORE, compile_pack, fingerprint
from content.reader import read_pack
from tests.content.samples import FILES, TODAY, codes, edited, write

HEAD = "id: shop\nversion: 1.0.0\ntitle: Shop\nextends: core\nvalues: {registry: the big book}\nnotes: {skew: 'Ours is red in {{ registry }}.'}\n"
TERM = """terms:
  - {id: boot, rev: 1, term: Boot, short: A shoe., plain: A shoe., precise: A shoe., see: [skew], lessons: [drift], owner: us, reviewed: 2026-10-01, sources: [book]}
  - {id: 'core:term/drift', rev: 2, term: Drift, short: A slow change., plain: Slow., precise: Slow., owner: us, reviewed: 2026-10-01, sources: [book]}
"""


@pytest.fixture
def packs(tmp_path, monkeypatch):
    """The sample as the core pack, and a writer of overlays beside it."""
    write(tmp_path / "packs" / "core", {})
    for module in (folder, loader, reader):
        monkeypatch.setattr(module, "PACKS", tmp_path / "packs")

    def overlay(files):
        where = tmp_path / "shop"
        none = dict.fromkeys(FILES)
        return write(where, {**none, "pack.yaml": HEAD, **files})

    return overlay


def test_words_notes_overrides_and_extra_items(packs):
    compiled = compile_pack(packs({"glossary/data.yaml": TERM}))
    assert compiled.problems == ()
    catalog = CompiledCatalog(compiled.pack, "v")
    assert catalog.pack.id == "shop"
    assert "the big book" in catalog.lessons["core:lesson/skew"].try_today
    assert catalog.terms["core:term/skew"].note == "Ours is red in the big book."
    assert catalog.terms["core:term/drift"].short == "A slow change."
    assert catalog.terms["shop:term/boot"].see == ("core:term/skew",)
    assert catalog.terms["shop:term/boot"].lessons == ("core:lesson/drift",)
    assert catalog.define("boot").terms[0].id == "shop:term/boot"
    assert [track.id for track in catalog.pack.tracks] == ["everyone-core", "product"]


def test_a_track_of_the_same_id_takes_the_place_of_the_one_below(packs):
    tracks = "tracks:\n  - {id: product, name: Ours, role: pm, lessons: [skew]}\n  - {id: extra, name: Extra, lessons: [drift]}\n"
    pack = compile_pack(packs({"map.yaml": tracks})).pack
    assert [(track.id, track.lessons) for track in pack.tracks] == [
        ("everyone-core", ("core:lesson/skew", "core:lesson/drift")),
        ("product", ("core:lesson/skew",)),
        ("extra", ("core:lesson/drift",)),
    ]


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("E106", {"pack.yaml": HEAD.replace("extends: core", "extends: cure")}),
        ("E106", {"pack.yaml": HEAD.replace("extends: core", "extends: ../core")}),
        ("E191", {"pack.yaml": HEAD.replace("skew:", "skwe:")}),
        ("E192", {"pack.yaml": HEAD.replace("registry:", "regsitry:")}),
        ("E193", {"glossary/data.yaml": TERM.replace("core:term/drift", "core:term/drfit").replace("term: Drift", "term: X")}),
        ("E111", {"glossary/data.yaml": TERM.replace("see: [skew]", "see: [skwe]")}),
        ("W240", {"glossary/data.yaml": TERM.replace("rev: 2", "rev: 1")}),
    ],
)  # fmt: skip
def test_what_an_overlay_may_not_do(packs, code, files):
    found = check(read_pack(packs(files)), TODAY)
    assert code in codes(found)


def test_a_chain_is_refused(packs, tmp_path):
    write(tmp_path / "packs" / "middle", {**dict.fromkeys(FILES), "pack.yaml": HEAD.replace("id: shop", "id: middle")})
    (problem,) = errors(read_pack(packs({"pack.yaml": HEAD.replace("extends: core", "extends: middle")})))[:1]
    assert problem.code == "E106"


def test_problems_below_name_the_pack_below_and_its_acceptances_hold(packs, tmp_path):
    write(tmp_path / "packs" / "core", edited("glossary/data.yaml", "A way to say what", "A careless way to say what"))
    source = read_pack(packs({}))
    assert [(one.code, one.file) for one in check(source, TODAY)] == [("W222", "core/glossary/data.yaml")]
    accepted = "accepted:\n  - {code: W222, id: term/skew, reason: A quotation.}\n"
    (tmp_path / "packs/core/accepted.yaml").write_text(accepted)
    assert check(read_pack(packs({})), TODAY) == []


def test_a_change_below_changes_the_fingerprint(packs, tmp_path):
    where = packs({})
    first = fingerprint(where)
    assert fingerprint(where) == first
    os.utime(tmp_path / "packs/core/map.yaml", ns=(1, 1))
    assert fingerprint(where) != first


def test_the_example_is_sound_over_the_core_pack():
    source = read_pack(CORE.parent / "example")
    own = [problem for problem in check(source, TODAY) if not problem.file.startswith("core/")]
    assert own == []
    pack = source.pack
    assert {"example:lesson/where-our-alerts-go", "core:lesson/models-fail-silently"} <= {
        one.id for one in pack.lessons
    }
    assert next(term for term in pack.terms if term.id == "core:term/feature-store").rev == 2
