"""The first weeks in the playground, in a real browser: what a stranger does after ``make run``."""

import re

import pytest
from playwright.sync_api import expect

from bot import markdown
from bot.messages import plain
from content.catalog import CompiledCatalog
from content.loader import compile_pack
from tests.faults.playground import Playground

NOW = 20_000  # ms: the longest a page may take before the test gives up


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    running = Playground(tmp_path_factory.mktemp("playground"))
    running.start()
    yield running
    running.settle()


@pytest.fixture(scope="module")
def answers():
    """Right option by the words of the question."""
    questions = CompiledCatalog(compile_pack().pack, "now").questions.values()
    return {
        _words(one.stem): _words(next(option for option in one.options if option.correct).text) for one in questions
    }


def _words(text):
    return plain(markdown.spans(text))


@pytest.fixture
def talk(page, playground, screenshots):
    page.set_default_timeout(NOW)
    return Talk(page, playground, screenshots)


class Talk:
    """One person at the page."""

    def __init__(self, page, playground, screenshots):
        self.page = page
        self._address = str(playground.client.base_url)
        token = playground.client.headers["Authorization"].removeprefix("Bearer ")
        page.goto(f"{self._address}?token={token}")
        self._screenshots = screenshots

    def be(self, account, place=None):
        where = f"&place={place}" if place else ""
        self.page.goto(f"{self._address}?as={account}{where}")

    def say(self, words):
        """Type into the composer; the bot's answer."""
        answers = self.page.locator("#log article.bot")
        count = answers.count()
        box = self.page.locator("#composer-text")
        box.fill(words)
        box.press("Enter")
        expect(answers).to_have_count(count + 1)
        return answers.last

    def last(self):
        return self.page.locator("#log article.bot").last

    def move(self, button):
        before = self.page.locator("#now").get_attribute("datetime")
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.wait_for_function(
            "before => document.getElementById('now').getAttribute('datetime') !== before && document.getElementById('running').hidden",
            arg=before,
            timeout=120_000,
        )

    @property
    def log(self):
        return self.page.locator("#log")

    def picture(self, name):
        self.page.screenshot(path=self._screenshots / f"{name}.png")


def option(card, answers, *, right):
    """The button of a right or a wrong option on a lesson card."""
    words = card.inner_text()
    text = next(text for stem, text in answers.items() if stem in words)
    letters = re.findall(r"([ABC])\.\s+(.+)", words)
    wanted = next(letter for letter, said in letters if (text in said) is right)
    return card.get_by_role("button", name=re.compile(rf"^{wanted}\. "))


def test_a_newcomer_starts_learns_and_asks(talk, answers):
    talk.be("noa")
    welcome = talk.last()
    assert "I am the MLOps coach, a bot" in welcome.inner_text()
    assert "What I store" in welcome.inner_text()
    talk.picture("1-welcome")

    welcome.get_by_role("button", name="Choose role, track and time").click()
    form = talk.page.locator("#form-dialog")
    form.get_by_label("Your role").select_option(label="Product manager")
    form.get_by_label("Time zone or city").fill("Atlantis")
    talk.picture("2-form")
    form.get_by_role("button", name="Save").click()
    expect(form).to_contain_text("do not know that zone")
    talk.picture("3-form-error")
    form.get_by_label("Time zone or city").fill("jerusalem")
    form.get_by_role("button", name="Save").click()
    expect(talk.log).to_contain_text("Asia/Jerusalem")

    talk.move("Next lesson")
    lesson = talk.last()
    expect(lesson).to_contain_text("Why it matters to you")
    talk.picture("4-lesson")
    option(lesson, answers, right=False).click()
    expect(talk.log).to_contain_text("Not this one")
    assert "Better is" in talk.last().inner_text()
    talk.picture("5-wrong")

    talk.move("Next lesson")
    expect(talk.last()).not_to_contain_text("Better is")
    option(talk.last(), answers, right=True).click()
    expect(talk.last()).to_contain_text("Right.")
    talk.picture("6-right")


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ("define concept drift", "In plain words"),
        ("/mlops define model drift", "Drift"),
        ("define concpet drift", "Did you mean"),
        ("define flux capacitor", "asked for"),
        ("defin drift", "Did you mean: define"),
    ],
)
def test_looking_up_terms(talk, words, seen):
    talk.be("lena")
    said = talk.say(words)
    assert seen in said.inner_text()
    talk.picture("7-" + re.sub(r"\W+", "-", words))


def test_pausing_and_coming_back(talk):
    talk.be("lena")
    assert "paused until you say resume" in talk.say("pause").inner_text()
    assert "Welcome back" in talk.say("resume").inner_text()
    assert "not paused" in talk.say("resume").inner_text()
    talk.picture("8-paused")


def test_a_slot_is_booked_by_keyboard_and_cancelled(talk):
    talk.be("lena")
    hours = talk.say("hours")
    talk.picture("9-hours")
    hours.get_by_role("button", name=re.compile("^Book")).first.focus()
    talk.page.keyboard.press("Enter")
    form = talk.page.locator("#form-dialog")
    form.locator("textarea").wait_for()
    form.locator("textarea").focus()
    talk.page.keyboard.type("How do we choose a drift threshold for a small data set?")
    talk.picture("10-booking")
    talk.page.keyboard.press("Tab")
    talk.page.keyboard.press("Enter")
    expect(talk.log).to_contain_text("Booked")
    talk.picture("11-booked")
    bookings = talk.say("bookings")
    bookings.get_by_role("button", name=re.compile("^Cancel")).first.click()
    expect(talk.log).to_contain_text(re.compile("cancelled", re.IGNORECASE))
    talk.picture("12-cancelled")


def test_the_weekly_quiz_from_opening_to_results(talk, playground, answers):
    talk.be("lena", "mlops")
    playground.move("2026-11-17T12:00:00Z")
    playground.wait()
    for account, right in (("lena", True), ("omar", True), ("maya", False)):
        talk.be(account, "mlops")
        talk.page.locator("#log a.replies").last.click()
        thread = talk.page.locator("#thread-log article.bot")
        thread.nth(1).wait_for()
        option(thread.nth(1), answers, right=right).click()
        expect(talk.page.locator("main")).to_contain_text("Right." if right else "Not this one")
        talk.picture(f"13-quiz-{account}")
    playground.move("2026-11-19T16:00:00Z")
    playground.wait()
    talk.be("lena", "mlops")
    assert "closed" in talk.page.locator("#log").inner_text().lower()
    talk.page.locator("#log a.replies").last.click()
    talk.picture("14-quiz-closed")


def test_two_weeks_and_the_managers_digest(talk):
    talk.be("maya")
    talk.move("Two weeks")
    digest = talk.say("digest")
    words = digest.inner_text()
    assert "Took part" in words
    assert "Next:" in words
    assert digest.locator("svg").count() == 1
    digest.get_by_role("button", name="Download CSV").click()
    expect(talk.log).to_contain_text(".csv")
    talk.picture("15-digest")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(talk, scheme):
    talk.page.emulate_media(color_scheme=scheme)
    talk.page.set_viewport_size({"width": 360, "height": 740})
    talk.be("noa")
    width = talk.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    talk.picture(f"16-phone-{scheme}")


def test_an_answer_comes_into_view_after_a_tall_one(talk):
    talk.be("omar")
    for words in ("help", "hours", "host"):
        expect(talk.say(words)).to_be_in_viewport()
    talk.picture("18-in-view")


def test_a_keyboard_goes_on_where_it_was(talk):
    talk.be("omar")
    talk.say("defin drift").get_by_role("button", name="All commands").press("Enter")
    expect(talk.last()).to_contain_text("What you can ask me")
    expect(talk.page.get_by_role("button", name="All commands").last).to_be_focused()
    talk.say("host").get_by_role("button", name="Add a weekly time").press("Enter")
    talk.page.locator("#form-dialog [data-field]").first.wait_for()
    talk.page.keyboard.press("Escape")
    expect(talk.page.get_by_role("button", name="Add a weekly time").last).to_be_focused()


def test_home_and_tables_fit_a_phone(talk):
    talk.page.set_viewport_size({"width": 360, "height": 740})
    talk.be("lena", "home:lena")
    card = talk.page.locator("#home .content").bounding_box()
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= 360
    talk.be("lena")
    talk.move("Next lesson")
    talk.be("ada")
    heading = talk.say("lessons report").get_by_role("columnheader", name="Lesson")
    assert heading.bounding_box()["width"] > 100  # the table moves sideways, its words are not broken
    assert talk.page.evaluate("document.documentElement.scrollWidth") <= 360
    talk.picture("19-phone-table")


def test_the_inspector_shows_both_platforms(talk):
    talk.be("noa")
    talk.page.locator("[data-inspect]").last.click()
    talk.page.locator("#inspector-json").wait_for()
    assert '"blocks"' in talk.page.locator("#inspector-json").inner_text()
    talk.page.get_by_role("tab", name=re.compile("Teams", re.IGNORECASE)).click()
    assert "AdaptiveCard" in talk.page.locator("#inspector-json").inner_text()
    talk.picture("17-inspector")
