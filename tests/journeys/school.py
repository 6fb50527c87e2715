"""A school: the company of ``conversation`` with three small tracks, sister questions, and packs that change on the way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import update

from bot.domain.pack import Lesson, Option, Pack, Question, Quiz, Term, Topic, Track
from bot.messages import Message
from bot.ports.lessons import Showing
from content import loader
from storage import packs
from storage.dialects import open_engine
from tests.journeys.conversation import Conversation, Shown, buttons
from tests.journeys.surfaces import Surface

CORE, PRODUCT, EXEC = "everyone-core", "product", "executive"
TOPICS = ("data", "monitoring")


def lesson(track: str, at: int, *, prereqs: Iterable[str] = ()) -> Lesson:
    id = f"core:lesson/{track}-{at}"
    return Lesson(
        id=id,
        rev=1,
        title=f"{track.title()} {at}",
        topic=TOPICS[at % 2],
        level=1,
        objective="Know it.",
        body=f"One idea, number {at}.",
        core_question=f"core:question/{track}-{at}-1",
        questions=tuple(f"core:question/{track}-{at}-{sister}" for sister in (2, 3)),
        try_today="Look.",
        why={"default": "It saves an hour.", "exec": "It saves a quarter.", "pm": "It saves a launch."},
        prereqs=tuple(prereqs),
        owner="teaching",
        reviewed="2026-01-01",
    )


def questions(one: Lesson) -> list[Question]:
    options = tuple(
        Option(id=id, text=f"Option {id}", why=f"Reason {id}.", correct=id == "a") for id in ("a", "b", "c")
    )
    ids = (one.core_question, *one.questions)
    return [
        Question(
            id=id, rev=1, stem=f"About {id[-3:]}?", options=options, topic=one.topic, concepts=(one.id,), core=at == 0
        )
        for at, id in enumerate(ids)
    ]


def school_pack(core: int = 20, product: int = 4, executive: int = 3) -> Pack:
    """Tracks of so many lessons; the second one of the product track builds on the third one of the core track."""
    core_lessons = [lesson("core", at) for at in range(1, core + 1)]
    bases = {2: ("core:lesson/core-3",)}
    product_lessons = [lesson("product", at, prereqs=bases.get(at, ())) for at in range(1, product + 1)]
    exec_lessons = [lesson("exec", at) for at in range(1, executive + 1)]
    lessons = (*core_lessons, *product_lessons, *exec_lessons)
    asked = [question for one in lessons for question in questions(one)]
    term = Term(
        id="core:term/drift", rev=1, term="Drift", short="It moves.", plain="It moves.", precise="It moves.",
        topic="data", owner="teaching", reviewed="2026-01-01",
    )  # fmt: skip
    return Pack(
        id="core",
        version="1.0.0",
        title="School",
        topics=(Topic("data", "Data"), Topic("monitoring", "Monitoring")),
        tracks=(
            Track(CORE, "Everyone", tuple(one.id for one in core_lessons)),
            Track(PRODUCT, "Product", tuple(one.id for one in product_lessons), role="pm"),
            Track(EXEC, "Executive", tuple(one.id for one in exec_lessons), role="exec"),
        ),
        lessons=lessons,
        questions=tuple(asked),
        terms=(term,),
        quizzes=(
            Quiz(
                id="core:quiz/first", rev=1, theme="First look", topic="data",
                questions=tuple(f"core:question/core-{at}-2" for at in range(11, 16)),
            ),
        ),
    )  # fmt: skip


class School(Conversation):
    """People who learn from the school's pack; ``upgrade`` is the next release of it under their feet."""

    teaches_files = False

    def __init__(self, folder: Path, now: datetime, taught: Pack | None = None, surface: Surface | None = None) -> None:
        self.taught: Pack | None = taught or school_pack()
        super().__init__(folder, now, surface=surface)

    def _open(self) -> None:
        if self.taught is not None:
            body = loader.encode(self.taught)
            engine = open_engine(self._url)
            with engine.begin() as conn:
                conn.execute(update(packs.pack).values(fingerprint="before"))
                packs.activate(conn, loader.version(body), loader.fingerprint(self._pack), body, self.now)
            engine.dispose()
            self.taught = None
        super()._open()

    async def upgrade(self, taught: Pack) -> None:
        self.taught = taught
        await self.restart()

    async def learns(self, who: str, **changes: str | list[str]) -> None:
        """Enrol by the settings form: the core track in Berlin at half past nine on working days."""
        values: dict[str, str | list[str]] = {
            "role": "any",
            "track": CORE,
            "zone": "Europe/Berlin",
            "time": "09:30",
            "days": ["0", "1", "2", "3", "4"],
        }
        answer = await self.submit(who, "settings.save", values | changes)
        assert not answer.errors, answer.errors

    def reaches(self, *lessons: str, people: int = 5) -> None:
        """So many others were shown these lessons: authors see no figures of fewer."""
        shown = [Showing(f"q{at}", lesson, 1, CORE) for lesson in lessons for at in range(people)]
        self.store(lambda parts: parts.lessons.show(shown, self.now))

    def lessons(self, who: str) -> list[Shown]:
        """Every lesson card a member was sent, oldest first."""
        return [one for one in self.see(f"d-{who}") if any(b.action == "lessons.answer" for b in first_buttons(one))]

    def option(self, message: Message, action: str, *, right: bool):
        """A button of the question on a card, by whether it is right; only the store knows."""
        choices = [one for one in buttons(message) if one.action == action and not one.value.endswith(":unsure")]
        asking = self.store(lambda parts: parts.lessons.asking(choices[0].value.partition(":")[0]))
        assert asking is not None
        answer = self.system.app.catalogs.at(asking.pack).questions[asking.question].right.id
        return next(one for one in choices if (asking.order[int(one.value.partition(":")[2])] == answer) is right)

    async def answers(self, who: str, *, right: bool = True, action: str = "lessons.answer", message=None):
        """Answer the latest lesson, or the question on another message."""
        card = message or self.lessons(who)[-1].versions[0]
        return await self.press(who, self.option(card, action, right=right))


def first_buttons(one: Shown):
    return buttons(one.versions[0])


def changed(pack: Pack, id: str, **values) -> Pack:
    """The next release of a pack, in which one lesson or question is another."""
    swap = lambda items: tuple(msgspec.structs.replace(one, **values) if one.id == id else one for one in items)  # noqa: E731
    return msgspec.structs.replace(pack, lessons=swap(pack.lessons), questions=swap(pack.questions))
