"""The catalogue of a compiled pack: look-ups, company words, define and search."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pack import Pack
from bot.markdown import blocks, spans
from bot.messages import Plain, Text
from bot.ports.catalog import Catalog
from content.catalog import CompiledCatalog
from content.loader import compile_pack
from content.variables import filled, harmless, placeholders
from tests.content.samples import edited, write


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Pack:
    return compile_pack(write(tmp_path_factory.mktemp("pack"), {})).pack


@pytest.fixture(scope="module")
def catalog(pack) -> Catalog:
    return CompiledCatalog(pack, "abc")


def test_everything_is_found_by_its_id(catalog):
    assert catalog.version == "abc"
    assert catalog.lessons["core:lesson/skew"].title == "Skew"
    assert catalog.questions["core:question/skew-1"].right.id == "a"
    assert catalog.terms["core:term/drift"].term == "Drift"
    assert catalog.tracks["product"].role == "pm"
    assert list(catalog.topics) == ["data", "monitoring"]
    assert catalog.quizzes[0].theme == "First look"


def test_the_look_ups_cannot_be_changed(catalog):
    with pytest.raises(TypeError):
        catalog.lessons["x"] = None


def test_defaults_fill_the_variables(catalog):
    assert catalog.lessons["core:lesson/skew"].try_today == "Open the register and look for one model you know."


def test_company_words_come_before_the_defaults(pack):
    lesson = CompiledCatalog(pack, "v", {"registry": 'MLflow "prod"', "unknown": "x"}).lessons["core:lesson/skew"]
    assert lesson.try_today == 'Open MLflow "prod" and look for one model you know.'


def test_an_empty_company_word_is_none(pack):
    assert "the register" in CompiledCatalog(pack, "v", {"registry": ""}).lessons["core:lesson/skew"].try_today


def test_a_value_is_not_filled_again(pack):
    lesson = CompiledCatalog(pack, "v", {"registry": "{{ registry }}"}).lessons["core:lesson/skew"]
    assert "{{ registry }}" in lesson.try_today


def test_what_nobody_declared_stays_as_it_is(pack):
    odd = msgspec.structs.replace(pack, title="{{ nobody }} {{registry}} {{ registry }}")
    assert filled(odd, {}).title == "{{ nobody }} the register the register"


@pytest.mark.parametrize(
    "value", ["MLflow", "#ml-alerts", "https://registry.example/a_b?c=d", "Team «Modelle» & Söhne", "a-b"]
)
def test_ordinary_company_words_stay_as_they_are(value):
    assert harmless(value) == value


@given(st.text(max_size=60) | st.text(alphabet="*_`[]()-ab :/h\n", max_size=30))
def test_a_company_word_never_becomes_markup(value):
    word = harmless(value)
    for text in (
        word,
        f"to {word} and",
        f"x{word}y",
        f"{word}{word}",
        f"_ {word} _",
        f"* {word} *",
        f"[{word}]",
        f"{word}(https://a.example)",
    ):
        assert all(isinstance(span, Plain) for span in spans(text))
    assert blocks(word) == ((Text((Plain(word),)),) if word else ())


@given(st.text(alphabet="*_`[]()-ab :/h\n", max_size=30))
def test_the_authors_markup_around_it_is_the_only_one(value):
    for around in ("**{}**", "*{}*", "_{}_", "`{}`", "[{}](https://a.example)", "[a](https://a.example/{})"):
        kinds = [type(span) for span in spans(around.format(harmless(value))) if not isinstance(span, Plain)]
        assert kinds in ([], [type(spans(around.format("w"))[0])])


def test_placeholders_are_listed():
    assert placeholders("{{ a }} {{b}} { c } {{ d e }}") == {"a", "b", "d e"}


def test_define_answers_with_terms(catalog):
    found = catalog.define("what is a skew?")
    assert (found.how, [term.id for term in found.terms]) == ("exact", ["core:term/skew"])
    assert catalog.define("drfit").how == "near"
    assert catalog.define("samples of one input").how == "text"
    assert catalog.define("zebra").how == "none"


def test_search_finds_lessons_terms_and_quizzes(catalog):
    assert {hit.kind for hit in catalog.search("drift")} == {"lesson", "term"}
    hit = catalog.search("first look")[0]
    assert (hit.kind, hit.title, hit.excerpt) == ("quiz", "First look", "Data")
    lesson = next(hit for hit in catalog.search("boots") if hit.kind == "lesson")
    assert lesson.excerpt.startswith("Mira works at a shop")
    assert len(catalog.search("drift skew", limit=1)) == 1


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_drafts_and_retired_items_are_kept_but_not_found(tmp_path, status):
    folder = write(tmp_path, edited("glossary/data.yaml", "rev: 1", f"rev: 1\n    status: {status}"))
    catalog = CompiledCatalog(compile_pack(folder).pack, "v")
    assert "core:term/skew" in catalog.terms
    assert catalog.define("training-serving skew").how != "exact"
    assert all(hit.kind != "term" or hit.id != "core:term/skew" for hit in catalog.search("skew"))


def test_warming_changes_nothing(pack):
    catalog = CompiledCatalog(pack, "v")
    catalog.warm()
    assert catalog.define("skew").how == "exact"


def test_an_empty_pack_answers_none():
    catalog = CompiledCatalog(Pack(id="x", version="1", title="x"), "v")
    assert catalog.define("skew").how == "none"
    assert catalog.search("skew") == []
