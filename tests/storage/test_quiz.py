"""The keys of the weekly quiz on both databases: one answer, one run, one opening, figures fixed once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from bot.asking import put
from bot.domain.pack import Option, Question
from bot.domain.quizzes import Figures, Opening, asking_id
from bot.ports.lessons import Given
from bot.ports.people import Channel, Member
from bot.ports.quiz import Run
from storage.dialects import open_engine
from storage.parts import Parts
from storage.schema import metadata
from storage.store import Store
from storage.tenancy import Workspace, add_tenant, add_workspace

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WEEK = "2026-W48"
THREADS = 12
QUESTION = Question(
    id="core:question/q",
    rev=1,
    stem="Which?",
    options=(Option("a", "This", "So.", correct=True), Option("b", "That", "No."), Option("c", "None", "No.")),
)
OPENING = Opening(WEEK, NOW, NOW + timedelta(days=2))


def asked(position=1):
    id = asking_id(WEEK, position)
    return put(QUESTION, id=id, source="quiz", source_id=WEEK, position=position, pack="v1")


def run(quiz="one"):
    return Run(week=WEEK, quiz=quiz, pack="v1", theme=quiz, opens_at=NOW, closes_at=OPENING.closes_at)


def company(conn, tenant):
    add_tenant(conn, tenant, tenant, "secret", NOW)
    add_workspace(conn, Workspace(id=f"w-{tenant}", tenant=tenant, platform="test", team=tenant, name=tenant))
    parts = Parts(conn, tenant)
    for name in ("ann", "bob", "cyd"):
        parts.people.add_member(Member(id=name, name=name), NOW)
    parts.people.add_channel(Channel(id="ml", workspace=f"w-{tenant}", address="ml", name="ml", zone="Europe/Berlin"))
    parts.lessons.ask([asked(1), asked(2)])


def opened(url):
    engine = open_engine(url, pool_size=THREADS)
    metadata.create_all(engine)
    store = Store(engine)
    store.transact(lambda conn: [company(conn, tenant) for tenant in ("t", "other")]).result()
    return store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'quiz.db'}"
    else:
        url = request.getfixturevalue("postgres_database")()
    one = opened(url)
    yield one
    one.close()


def at_once(store, work):
    """``work(parts, number)`` in as many transactions at once; their results."""
    start = Barrier(THREADS)

    def one(number):
        start.wait()
        return store.write("t", lambda parts: work(parts, number)).result()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def press(parts, number):
    option = "abc"[number % 3]
    is_new = parts.lessons.answer(Given(asking_id(WEEK, 1), "ann", option, option == "a", NOW))
    return is_new, parts.lessons.given(asking_id(WEEK, 1), "ann").option


def test_of_answers_at_once_one_counts_and_all_see_it(store):
    found = at_once(store, press)
    assert sum(is_new for is_new, _ in found) == 1
    assert len({option for _, option in found}) == 1


def test_without_the_key_more_than_one_would_count(postgres_database):
    """The control: the same presses on a table that lost its key."""
    store = opened(postgres_database())
    try:
        store.transact(lambda conn: conn.execute(text("ALTER TABLE answer DROP CONSTRAINT pk_answer"))).result()
        given = Given(asking_id(WEEK, 1), "ann", "a", True, NOW)
        assert sum(at_once(store, lambda parts, _: parts.lessons.answer(given))) == THREADS
    finally:
        store.close()


def test_of_replicas_that_begin_a_week_all_get_the_same_run(store):
    found = at_once(store, lambda parts, number: parts.quiz.begin(run(f"quiz-{number}")))
    assert len(set(found)) == 1
    assert store.read("t", lambda parts: parts.quiz.used()).result() == {found[0].quiz: WEEK}


def test_a_channel_opens_once_a_week(store):
    assert sum(at_once(store, lambda parts, _: parts.quiz.post(OPENING, "ml"))) == 1


def test_figures_are_fixed_by_the_first_and_read_by_all(store):
    store.write("t", lambda parts: parts.quiz.begin(run())).result()

    def publish(parts, number):
        return parts.quiz.publish(WEEK, Figures(took_part=number + 5, picks={"x": {"a": number}, "y": None}))

    found = at_once(store, publish)
    assert all(one == found[0] for one in found)
    assert found[0].picks["y"] is None


def test_counts_are_of_people_and_of_one_company(store):
    def answer(tenant, member, position, option):
        given = Given(asking_id(WEEK, position), member, option, option == "a", NOW)
        store.write(tenant, lambda parts: parts.lessons.answer(given)).result()

    answer("t", "ann", 1, "a")
    answer("t", "ann", 2, "b")
    answer("t", "bob", 1, "c")
    answer("other", "cyd", 1, "a")

    def look(parts):
        return (
            parts.quiz.took_part([WEEK, "2026-W01"]),
            {asking: dict(options) for asking, options in parts.quiz.picks(WEEK).items()},
            parts.quiz.answered(WEEK, "ann"),
            parts.quiz.count("ann"),
            [one.position for one in parts.quiz.askings(WEEK)],
        )

    first, second = asking_id(WEEK, 1), asking_id(WEEK, 2)
    assert store.read("t", look).result() == (
        {WEEK: 2, "2026-W01": 0},
        {first: {"a": 1, "c": 1}, second: {"b": 1}},
        {first, second},
        2,
        [1, 2],
    )
    assert store.read("other", look).result()[0] == {WEEK: 1, "2026-W01": 0}


def test_a_subscription_is_one_a_channel_and_ends(store):
    def subscribe(parts):
        first, again = parts.quiz.subscribe("ml", NOW), parts.quiz.subscribe("ml", NOW + timedelta(days=1))
        return first, again, parts.quiz.subscription("ml")

    first, again, stands = store.write("t", subscribe).result()
    assert (first, again, stands.zone, stands.since) == (True, False, "Europe/Berlin", NOW)
    assert store.read("other", lambda parts: parts.quiz.subscriptions()).result() == []
    ended = store.write("t", lambda parts: [parts.quiz.unsubscribe("ml"), parts.quiz.unsubscribe("ml")]).result()
    assert ended == [True, False]


def test_the_latest_quiz_is_one_that_got_there(store):
    later = Opening("2026-W49", NOW + timedelta(days=7), NOW + timedelta(days=9))

    def fill(parts):
        parts.quiz.begin(run())
        parts.quiz.post(OPENING, "ml")
        parts.quiz.post(later, "ml", missed="late")
        before = parts.quiz.latest("ml"), parts.quiz.reached("w-t", NOW)
        parts.quiz.opened(WEEK, "ml", NOW)
        parts.quiz.opened(WEEK, "ml", NOW + timedelta(hours=1))
        return before, parts.quiz.latest("ml"), parts.quiz.reached("w-t", NOW), parts.quiz.reached("w-other", NOW)

    before, latest, here, elsewhere = store.write("t", fill).result()
    assert before == (None, [])
    assert (latest.week, latest.opened_at) == (WEEK, NOW)
    assert (here, elsewhere) == ([run()], [])
    assert store.read("t", lambda parts: parts.quiz.reached("w-t", OPENING.closes_at)).result() == []


def test_counts_of_a_run_use_the_small_index(tmp_path):
    store = opened(f"sqlite:///{tmp_path / 'plan.db'}")
    plan = text(
        "EXPLAIN QUERY PLAN SELECT count(*) FROM asking WHERE tenant = 't' AND source = 'quiz' AND source_id IN ('x')"
    )
    assert "ix_asking_quiz" in str(store.look(lambda conn: conn.execute(plan).all()).result())
    store.close()
