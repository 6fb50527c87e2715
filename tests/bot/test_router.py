"""The table of declarations: one name means one thing, and the longest name wins."""

import pytest

from bot.domain.people import Actor, Role, Verb, authorize
from bot.domain.words import nearest, without_prefix
from bot.features import FEATURES
from bot.router import Action, Answer, Command, Feature, Kind, Needs, table


def command(name, *words, **values):
    return Command(name=name, words=words, run=lambda *_: Answer(), summary="x", needs=Needs.NOTHING, **values)


def made(*commands, **brings):
    return table([Feature(name="f", commands=list(commands), **brings)])


def test_the_longest_name_wins_and_the_rest_is_the_argument():
    found = made(command("quiz"), command("quiz on"), command("what is"))
    assert [found.find(text)[0].name for text in ("quiz", "quiz on", "quiz off", "QUIZ  ON now", "What  Is drift")] == [
        "quiz",
        "quiz on",
        "quiz",
        "quiz on",
        "what is",
    ]
    assert found.find("quiz on  the moon ")[1] == "the moon"
    assert found.find("quiz")[1] == ""
    assert found.find("nothing") is None
    assert found.find("") is None


def test_other_names_mean_the_same_and_are_listed_once():
    found = made(command("help", "hi", "hello"), command("secret", listed=False))
    assert found.find("HELLO")[0].name == "help"
    assert [one.name for one in found.listed] == ["help"]


@pytest.mark.parametrize(
    ("what", "brings"),
    [
        ("command", {"commands": [command("a"), command("b", "a")]}),
        ("action", {"actions": [Action(name="a", run=lambda *_: Answer())] * 2}),
        ("kind", {"kinds": [Kind(name="a", compose=lambda *_: {})] * 2}),
    ],
)
def test_two_of_one_name_are_refused_at_the_start(what, brings):
    with pytest.raises(ValueError, match=f"two {what}s are called 'a'"):
        table([Feature(name="f", **brings)])


def test_everything_that_is_declared_is_named_after_its_feature():
    known = table(FEATURES)
    features = {feature.name for feature in known.features}
    for name in (*known.actions, *known.forms, *known.typeaheads):
        assert name.partition(".")[0] in features, name
    assert all(name == name.casefold() for name in known.commands)
    assert all(one.summary and not one.summary.endswith(".") for one in known.commands.values())


@pytest.mark.parametrize("verb", Verb)
def test_every_right_has_somebody_without_it_but_learning(verb):
    nobody = Actor(tenant="t", workspace="w", member="m", account="a", name="N")
    assert authorize(nobody, verb, "someone") is (verb is Verb.LEARN)


def test_who_may_what():
    def actor(*roles, manages=()):
        return Actor(
            tenant="t", workspace="w", member="m", account="a", name="N", roles=frozenset(roles), manages=manages
        )

    assert authorize(actor(), Verb.OWN, "m")
    assert not authorize(actor(Role.ADMIN), Verb.OWN, "other")
    assert authorize(actor(Role.HOST), Verb.HOST)
    assert authorize(actor(Role.ADMIN), Verb.AUTHOR)
    assert authorize(actor(Role.AUTHOR), Verb.AUTHOR)
    assert not authorize(actor(Role.AUTHOR, Role.HOST), Verb.ADMINISTER)
    assert authorize(actor(manages=("blue",)), Verb.READ_TEAM, "blue")
    assert not authorize(actor(Role.ADMIN, manages=("blue",)), Verb.READ_TEAM, "red")
    assert authorize(actor(manages=("blue",)), Verb.LEAD)


@pytest.mark.parametrize(
    ("text", "rest"),
    [("/mlops define x", "define x"), ("/MLOPS", ""), ("define x", "define x"), ("/mlopsx", "/mlopsx")],
)
def test_the_slash_command_is_accepted_everywhere(text, rest):
    assert without_prefix(text) == rest


def test_the_nearest_names():
    assert nearest("DEFIN", ["define", "digest", "quiz"])[0] == "define"
    assert nearest("x" * 9_000, ["define"]) == []
