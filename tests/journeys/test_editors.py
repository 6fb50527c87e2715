"""A suggested term from the person who missed it to the entry everybody reads, and back to what it was."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import Pressed, Query
from bot.domain.people import Role
from bot.ports.glossary import OwnTerm
from scheduler.ports import finished
from tests.journeys.conversation import button, buttons, said
from tests.journeys.school import School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DRIFT = OwnTerm(id="own:drift", term="Drift", short="Ours.")


@pytest.fixture
def school(tmp_path, any_surface):
    one = School(tmp_path, MONDAY, surface=any_surface)
    one.join("mia", "ben")
    one.join("ada", roles=(Role.AUTHOR,))
    yield one
    one.close()


async def suggested(school, who, term, meaning=""):
    missing = await school.say(who, f"define {term}")
    await school.press(who, button(missing.inline, "Suggest"))
    assert "with the editors" in said(await school.submit(who, "glossary.suggest", {"term": term, "meaning": meaning}))


async def test_a_suggestion_is_approved_edited_told_and_rolled_back(school):
    await suggested(school, "mia", "Golden set", "Cases whose answers people agreed on.")
    await school.system.housekeeping.run(school.now)  # misses are written in batches
    queue = await school.say("ada", "terms suggestions")
    assert "1 suggestion waiting" in said(queue)
    assert "Golden set (Mia): Cases whose answers people agreed on." in said(queue)
    assert "golden set: 1 time" in said(queue)
    approve = button(queue.inline, "Approve")
    assert "Golden set is in the glossary now" in said(await school.press("ada", approve))
    assert "decided already" in said(await school.press("ada", approve))
    await school.settle()
    told = school.see("d-mia")[-1]
    assert "Your suggestion Golden set is in the glossary now" in told.words
    shown = await school.press("mia", button(told.message, "Read it"))
    assert "Cases whose answers people agreed on." in said(shown)
    assert not [one for one in buttons(shown.inline) if one.label == "Edit"]

    found = await school.say("ada", "what is a GOLDEN  set")
    form = await school.press("ada", button(found.inline, "Edit"))
    assert (
        "name of an entry stays"
        in (await school.submit("ada", "glossary.entry", {"term": "Silver set", "short": "x"}, form.opens.ref)).errors[
            "term"
        ]
    )
    await school.press("ada", button(found.inline, "Edit"))
    values = {"term": "Golden set", "short": "Checked cases.", "plain": "People agreed on every answer."}
    assert "Checked cases." in said(await school.submit("ada", "glossary.entry", values, form.opens.ref))
    assert "In plain words. People agreed" in said(await school.say("ben", "define golden set"))
    earlier = await school.press("ada", button(found.inline, "Earlier words"))
    assert "2, Ada" in said(earlier)
    back = await school.press("ada", button(earlier.inline, "Back to 1"))
    assert "Cases whose answers" in said(back)
    assert "Cases whose answers" in said(await school.say("ben", "define golden set"))


async def test_a_suggestion_is_refused_or_taken_in_other_words(school):
    await suggested(school, "mia", "Skew")
    school.now += timedelta(minutes=1)
    await suggested(school, "ben", "Flag", "A switch.")
    queue = await school.say("ada", "terms suggestions")
    assert [one.label for one in buttons(queue.inline)] == ["Edit and approve", "Refuse"]  # there is no meaning yet
    form = await school.press("ada", button(queue.inline, "Edit"))
    missing = await school.submit("ada", "glossary.entry", {"term": "Skew", "short": ""}, form.opens.ref)
    assert "fill this in" in missing.errors["short"]
    await school.press("ada", button(queue.inline, "Edit"))
    known = await school.submit("ada", "glossary.entry", {"term": "Drift", "short": "x"}, form.opens.ref)
    assert "entry of this name" in known.errors["term"]
    await school.press("ada", button(queue.inline, "Edit"))
    rest = await school.submit("ada", "glossary.entry", {"term": "Skew", "short": "Two that differ."}, form.opens.ref)
    assert "1 suggestion waiting" in said(rest)
    assert "No suggestion is waiting" in said(await school.press("ada", button(rest.inline, "Refuse")))
    await school.settle()
    assert "did not take it" in school.see("d-ben")[-1].words
    assert "is in the glossary" in school.see("d-mia")[-1].words
    assert "nothing here for you" in said(await school.say("mia", "terms suggestions"))
    assert "Two that differ." in said(await school.say("ben", "define skew"))


async def completed(school, who, words):
    incoming = school.incoming(who, Query("glossary.terms", words))
    return (await finished(school.system.app.handle(incoming, school.now))).picks


async def test_an_entry_of_the_companys_own_is_found_wherever_terms_are(school):
    await suggested(school, "mia", "Golden set", "Cases whose *answers* people agreed on.")
    await school.press("ada", button((await school.say("ada", "terms suggestions")).inline, "Approve"))
    near = await school.say("ben", "define goldne sets")
    assert "Did you mean" in said(near)
    assert "Golden set: Cases whose *answers* people" in said(near)  # what a person typed is not markup
    assert "An entry of your company's own" in said(await school.press("ben", button(near.inline, "Golden set")))
    assert "An entry of your company's own" in said(await school.say("ben", "define golden sets"))
    assert "Our company's own" in str((await school.say("ben", "terms")).inline)
    assert "Golden set: Cases" in said(await school.say("ben", "terms our company's own"))
    assert "Golden set" in said(await school.say("ben", "find answers people agreed"))
    picks = await completed(school, "ben", "gold")
    assert [(one.label, one.value) for one in picks] == [("Golden set", "own:golden set")]


async def test_a_name_of_the_pack_is_not_taken_and_one_there_was_before_goes_first(school):
    def prepare(parts):
        parts.glossary.suggest("s2", "Drift", "Our word.", "mia", school.now)
        parts.glossary.keep_own(DRIFT, "ada", school.now)

    school.store(prepare)
    ours = await school.say("ben", "define drift")
    assert "Ours." in said(ours)
    theirs = await school.press("ben", button(ours.inline, "In the glossary"))
    assert "Precisely" in said(theirs)
    picks = await completed(school, "ben", "drift")
    assert [one.value for one in picks if one.label.casefold() == "drift"] == [DRIFT.id]
    assert "entry of this name" in said(await school.does("ada", Pressed("glossary.approve", "s2")))
