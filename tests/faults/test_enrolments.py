"""Any order of enrolling, pausing, answering, reviewing and new releases of the pack: the store comes to what plain dicts come to."""

from collections import defaultdict
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select

from bot.domain.conversation import Place
from bot.domain.people import Actor
from bot.errors import Refusal
from bot.features.lessons import FEATURE as LESSONS
from bot.features.lessons.corrections import CORRECTIONS
from bot.features.settings import FEATURE as SETTINGS
from bot.messages import Plain
from bot.router import Context, Done, Window, Work, table
from content.catalog import CompiledCatalog
from scheduler.intent import Intents
from storage.askings import Askings, answer
from storage.enrolments import enrolment
from storage.ledger import delivery
from storage.lessons import FOREVER as NO_END
from storage.lessons import learner, lesson_state
from storage.reviews import review_card
from storage.tally import Tally
from tests.faults.school_model import DAY, FOREVER, SchoolModel, releases
from tests.faults.test_machines import Machine, machine, walked
from tests.journeys.school import CORE, EXEC, PRODUCT
from tests.scheduler.conftest import NOW

PEOPLE = ("ann", "bob")
TEN = NOW.replace(hour=10)
MORNING = {"role": "any", "zone": "UTC", "time": "09:30", "days": [str(at) for at in range(7)]}
MINUTE = DAY / 24 / 60
OPTIONS = st.sampled_from(["a", "a", "b", "c", "", None])  # "" is "I do not know", None is no press at all
TAKEN_BACK = {"paused", "stopped"}


class Words:
    """Wording is not what is looked at here."""

    def render(self, key, /, **_values):
        return (Plain(key),)


class Releases:
    """The packs, of which one is taught now."""

    @staticmethod
    @cache
    def catalogs():
        return {str(at): CompiledCatalog(pack, str(at)) for at, pack in enumerate(releases(), 1)}

    def __init__(self):
        self.now = 1

    def active(self):
        return self.at(str(self.now))

    def at(self, version):
        return self.catalogs()[version]


@cache
def declared():
    return table([LESSONS, SETTINGS])


class Enrolments(Machine):
    """Two people, three releases, days that pass one by one or several at once."""

    def __init__(self):
        super().__init__()
        self.model = SchoolModel(PEOPLE)
        self.now = TEN
        self.catalogs = Releases()
        self.parts.dispatch.mark(self.now)
        self.intents = Intents(SimpleNamespace(work=self.work, table=declared()), "one")  # type: ignore[arg-type]
        self.ids = map(str, count())
        for who in PEOPLE:
            self.enrol(who, [CORE, PRODUCT, EXEC], 1)

    def common(self):
        return {
            "tenant": "t", "now": self.now, "catalogs": self.catalogs, "texts": Words(), "ids": lambda: next(self.ids),
            "tally": Tally(), "table": declared(), "parts": self.parts,
        }  # fmt: skip

    def work(self, _parts, _now):
        return Work(**self.common())

    def does(self, who, name, value):
        """A handler's answer, or the key of its refusal, whose writes are undone."""
        actor = Actor("t", "w", who, f"a-{who}", who)
        ctx = Context(**self.common(), actor=actor, place=Place("direct", f"d-{who}"))
        handlers = [*declared().commands.values(), *declared().actions.values()]
        run = next(one.run for one in handlers if one.name == name)
        try:
            return run(ctx, value)
        except Refusal as refusal:
            return refusal.key

    @property
    def today(self):
        return self.now.date()

    # ---- people

    @rule(who=st.sampled_from(PEOPLE), tracks=st.permutations([CORE, PRODUCT, EXEC]), many=st.integers(1, 3))
    def enrol(self, who, tracks, many):
        wanted = tracks[:many]
        form = {**MORNING, "track": wanted[0], "other_tracks": wanted[1:]}
        save = declared().forms["settings.save"].run
        actor = Actor("t", "w", who, f"a-{who}", who)
        said = save(Context(**self.common(), actor=actor, place=Place("direct", f"d-{who}")), form, "")
        assert self.model.enrol(who, wanted, self.today) == (not said.errors)

    @rule(who=st.sampled_from(PEOPLE))
    def leave(self, who):
        self.does(who, "stop", "")
        self.model.leave(who)

    @rule(who=st.sampled_from(PEOPLE), days=st.integers(0, 3))
    def pause(self, who, days):
        until = self.today + days * DAY if days else FOREVER
        said = self.does(who, "pause", str(until) if days else "")
        if self.model.people[who].tracks is None:
            assert said == "lessons.not_enrolled"
        else:
            self.model.pause(who, until)

    @rule(who=st.sampled_from(PEOPLE))
    def resume(self, who):
        said = self.does(who, "resume", "")
        if self.model.people[who].tracks is None:
            assert said == "lessons.not_enrolled"
        else:
            self.model.resume(who, self.today)

    @precondition(lambda self: self.model.put)
    @rule(data=st.data(), option=OPTIONS)
    def press(self, data, option):
        """Anything that was ever put to somebody, again and late too."""
        self.answer(data.draw(st.sampled_from(sorted(self.model.put))), option or "")

    def answer(self, id, option):
        self.now += MINUTE
        put = self.model.put[id]
        asking = self.parts.lessons.asking(id)
        assert asking is not None
        place = asking.order.index(option) if option else "unsure"
        said = self.does(put.who, f"lessons.{'review_' if put.lesson is None else ''}answer", f"{id}:{place}")
        assert not isinstance(said, str), said
        self.model.answer(id, option, self.today, self.now)

    @rule(who=st.sampled_from(PEOPLE), option=OPTIONS)
    def review(self, who, option):
        self.does(who, "review", "")
        id = self.model.review(who, self.today)
        if id is not None and option is not None:
            self.answer(id, option)

    # ---- time and releases

    @rule(days=st.sampled_from([1, 1, 1, 2, 4]), is_sent=st.booleans(), options=st.tuples(*[OPTIONS] * len(PEOPLE)))
    def sleep(self, days, is_sent, options):
        """The next day that somebody looks; mostly its lesson comes, and is answered or not."""
        before, self.now = self.now, TEN + (self.now - TEN).days * DAY + days * DAY
        self.parts.lessons.plan(before, self.now)
        self.parts.dispatch.expire(self.now)
        self.model.new_day([(before + at * DAY).date() for at in range(1, days + 1)])
        if is_sent or any(options):
            self.send()
        for who, option in zip(PEOPLE, options, strict=True):
            mine = [id for id, put in self.model.put.items() if put.who == who and put.lesson and put.option is None]
            if option is not None and mine:
                self.answer(mine[-1], option)

    @rule()
    def send(self):
        self.now += MINUTE
        dailies = select(delivery.c.id, delivery.c.member).where(
            delivery.c.period == str(self.today), delivery.c.kind == "daily"
        )
        self.model.send(self.today, {row.member: row.id for row in self.conn.execute(dailies)})
        while claimed := self.parts.dispatch.claim("w", "one", self.now, 20):
            for intent in self.intents.commit(self.parts, claimed, self.now):
                assert self.parts.dispatch.sent(intent.delivery, "m", self.now)
                settled = declared().kinds[intent.delivery.kind].settled
                if settled is not None:
                    settled(self.work(None, None), [intent.delivery])

    @precondition(lambda self: self.model.version < 3)
    @rule(is_meant=st.integers(0, 2))
    def release(self, is_meant):
        if is_meant:  # seldom, so that each pack is used for a while
            return
        self.catalogs.now += 1
        self.model.upgrade()
        work, cursor = self.work(None, None), dict[str, Any]()
        assert CORRECTIONS.plan is not None
        CORRECTIONS.plan(work, Window(self.now, self.now))
        while not isinstance(step := CORRECTIONS.step(work, str(self.catalogs.now), cursor), Done):
            cursor = dict(step.cursor)

    # ---- what it all comes to

    @invariant()
    def tracks_are_the_model(self):
        found = defaultdict(list)
        for row in self.conn.execute(select(enrolment).order_by(enrolment.c.place)):
            found[row.member].append(row)
        rows = {row.member: row for row in self.conn.execute(select(learner))}
        for name, one in self.model.people.items():
            assert (name in rows) == (one.tracks is not None)
            if one.tracks is None:
                assert not found[name]
                continue
            assert [[row.track, row.total] for row in found[name]] == [place[:2] for place in one.tracks]
            turns = sorted((place[2] or 0, place[0]) for place in one.tracks if place[2])
            stored = sorted((row.turn_at, row.track) for row in found[name] if row.turn_at)
            assert [track for _, track in stored] == [track for _, track in turns]
            until = rows[name].paused_until
            assert (FOREVER if until == NO_END else until) == one.paused
            assert rows[name].ignored == one.ignored

    @invariant()
    def lessons_are_the_model(self):
        done: Any = defaultdict(set)
        shown: Any = defaultdict(dict)
        for row in self.conn.execute(select(lesson_state)):
            if row.done_at is not None:
                done[row.member].add(row.lesson)
            if row.shown:
                shown[row.member][row.lesson] = row.shown
        days: Any = defaultdict(dict)
        for row in self.conn.execute(select(delivery).where(delivery.c.kind == "daily")):
            state = row.reason if row.reason in TAKEN_BACK else row.state
            days[row.member][row.period] = state
        for name, one in self.model.people.items():
            assert (done[name], shown[name]) == (one.done, one.shown)
            assert days[name] == {str(day): state for day, state in one.days.items()}

    @invariant()
    def answers_are_the_model(self):
        rows = self.conn.execute(select(answer)).all()
        assert {(row.asking, row.member): (row.option, row.correct, row.voided) for row in rows} == {
            (id, put.who): (put.option, put.correct, put.voided)
            for id, put in self.model.put.items()
            if put.option is not None
        }
        cards: Any = defaultdict(dict)
        for row in self.conn.execute(select(review_card)):
            cards[row.member][row.concept] = (
                row.due,
                row.rev,
                row.question,
                row.misses,
                row.passes,
                row.state,
                row.stability,
            )
        for name, one in self.model.people.items():
            assert cards[name] == {concept: kept(memory) for concept, memory in one.memories.items()}


def kept(memory):
    known = msgspec.structs.asdict(memory)
    return tuple(known[name] for name in ("due", "rev", "question", "misses", "passes", "state", "stability"))


def test_enrolments(rounds, figures):
    """A state machine: tracks, pauses, lessons, answers and reviews through three releases of a pack, against plain dicts."""
    walked(Enrolments, rounds, figures, "P2", "P12")


def test_control_an_answer_that_counts_twice_is_seen(monkeypatch):
    monkeypatch.setattr(Askings, "answer", lambda *_: True)
    with machine(Enrolments) as one:
        one.sleep(days=1, is_sent=True, options=("b", None))
        with pytest.raises(AssertionError):
            one.answers_are_the_model()


def test_control_answers_to_a_wrong_key_that_stay_are_seen(monkeypatch):
    monkeypatch.setattr(Askings, "void", lambda *_: frozenset())
    with machine(Enrolments) as one:
        for _ in range(3):
            one.sleep(days=1, is_sent=True, options=("a", None))
        one.answers_are_the_model()
        one.release(is_meant=0)
        one.answers_are_the_model()
        one.release(is_meant=0)
        with pytest.raises(AssertionError):
            one.answers_are_the_model()
