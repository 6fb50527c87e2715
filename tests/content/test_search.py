"""Looking words up, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pack import Term
from content.search import FullText, Glossary, Names, term_texts
from content.words import asked, normal


def term(slug: str, name: str, *aliases: str, plain: str = "") -> Term:
    return Term(
        id=slug,
        rev=1,
        term=name,
        aliases=aliases,
        short=f"About {slug}.",
        plain=plain,
        precise="",
        owner="x",
        reviewed="2026-01-01",
    )


TERMS = {
    one.id: one
    for one in [
        term("psi", "Population stability index (PSI)"),
        term("csi", "Characteristic stability index", "CSI"),
        term(
            "canary", "Canary release", "canary", plain="A small share of traffic meets the new model before the rest."
        ),
        term("blue-green", "Blue-green deployment"),
        term("bias", "Bias"),
        term("slo", "SLO", "service level objective", "service-level objectives"),
        term("metric", "Metric"),
        term("ab", "A/B test"),
        term("b-test", "B test"),
        term("ops", "MLOps", "ML ops"),
        term("precision", "Precision"),
        term("cafe", "Naïve Bayes"),
        term("hebrew", "מודל"),
        term("drift", "Data drift", plain="The inputs move away from what the model was trained on."),
    ]
}
GLOSSARY = Glossary(TERMS, FullText((one.id, term_texts(one)) for one in TERMS.values()))


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("PSI", "psi"),
        ("population stability index", "psi"),
        ("  psi?! ", "psi"),
        ("What is PSI?", "psi"),
        ("what's a canary release", "canary"),
        ("define the metric", "metric"),
        ("a canary release", "canary"),
        ("a/b test", "ab"),
        ("an a/b test", "ab"),
        ("CANARIES", "canary"),
        ("biases", "bias"),
        ("metrics", "metric"),
        ("SLOs", "slo"),
        ("service level objectives", "slo"),
        ("blue green deployment", "blue-green"),
        ("Blue\N{EN DASH}Green Deployments", "blue-green"),
        ("ml-ops", "ops"),
        (
            "\N{FULLWIDTH LATIN CAPITAL LETTER P}\N{FULLWIDTH LATIN CAPITAL LETTER S}\N{FULLWIDTH LATIN CAPITAL LETTER I}",
            "psi",
        ),
        ("p\N{ZERO WIDTH SPACE}s\N{RIGHT-TO-LEFT OVERRIDE}i", "psi"),
        ("nai\N{COMBINING DIAERESIS}ve bayes", "cafe"),
        ("מודל", "hebrew"),
        ("`psi`", "psi"),
    ],
)
def test_exact(words, slug):
    assert GLOSSARY.find(words) == ("exact", [slug])


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("precison", "precision"),
        ("rpecision", "precision"),
        ("cnary", "canary"),
        ("canray", "canary"),
        ("datadrift", "drift"),
        ("MLOsp", "ops"),
        ("metrik", "metric"),
    ],
)
def test_near(words, slug):
    how, found = GLOSSARY.find(words)
    assert how == "near"
    assert found[0] == slug


def test_a_short_word_may_hold_one_slip_only():
    assert GLOSSARY.find("pso") == ("near", ["psi"])
    assert GLOSSARY.find("qqi")[0] == "none"


def test_at_most_three_suggestions():
    names = Names([term(f"t{letter}", f"model{letter}") for letter in "abcdefgh"])
    assert len(names.near("modelz")) == 3


def test_a_derived_singular_never_hides_a_real_name():
    names = Names([term("classes", "Aliases"), term("alias", "Alias")])
    assert names.exact("alias") == "alias"
    assert names.exact("aliases") == "classes"


def test_full_text_comes_last():
    assert GLOSSARY.find("share of traffic") == ("text", ["canary"])
    assert GLOSSARY.find("inputs move away")[1][0] == "drift"


def test_more_words_beat_rarer_words():
    text = FullText(
        [
            ("one", [(1, "zebra")]),
            ("two", [(1, "model score table")]),
            *((f"x{n}", [(1, "model score")]) for n in range(9)),
        ]
    )
    assert text.best("zebra model score table", 2) == ["two", "x0"]


def test_full_text_takes_plurals_for_their_singular():
    text = FullText([("one", [(1, "policies and metrics")])])
    assert text.best("metric policy", 1) == ["one"]


def test_weights_count():
    text = FullText([("body", [(1, "drift drift of words")]), ("title", [(4, "drift"), (1, "of words and more")])])
    assert text.best("drift", 1) == ["title"]


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "?",
        "\0",
        "\x1b[31m",
        "\u202e\u2066",
        "a",
        "the",
        "what is",
        "x" * 40_000,
        "psi " * 10_000,
        "\ufdfa" * 40_000,
        "\ud800",
        "🙂" * 500,
    ],
)
def test_odd_input_is_answered(words):
    how, found = GLOSSARY.find(words)
    assert how in {"exact", "near", "text", "none"}
    assert len(found) <= 3


@given(st.text(max_size=300))
def test_any_input_is_answered(words):
    how, found = GLOSSARY.find(words)
    assert bool(found) == (how != "none")


@given(st.text(max_size=100))
def test_the_normal_form_is_stable(text):
    assert normal(normal(text)) == normal(text)
    assert len(asked(text * 50)) <= 120
