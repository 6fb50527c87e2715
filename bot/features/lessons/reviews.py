"""Spaced reviews: at most two a day, what is marked to stay first, in another wording than last time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.asking import asked, feedback, learned, pressed, put, valid_question, verdict
from bot.domain.lessons import questions_of
from bot.domain.people import Verb, authorize
from bot.domain.reviews import A_DAY, Memory, due, revived, sister
from bot.errors import Refusal
from bot.features.lessons.learners import today_of, told
from bot.messages import Block, Button, Buttons, Heading, Message, Note, plain
from bot.ports.lessons import Asking, Given
from bot.router import Action, Answer, Command, Context, Needs

SOURCE = "review"


def review(ctx: Context, _words: str) -> Answer:
    """The next review of today, or why there is none."""
    asking = _next(ctx)
    if asking is None:
        return told(ctx, "lessons.review_enough" if _count(ctx) else "lessons.review_none")
    return Answer(inline=_card(ctx, asking))


def _next(ctx: Context) -> Asking | None:
    """The open review of today, else a new one. Its id is its place in the day, so two presses are one question."""
    day = today_of(ctx)
    for position in range(1, A_DAY + 1):
        id = _id(ctx.actor.member, day, position)
        open_one = ctx.store.lessons.asking(id)
        if open_one is None:
            return _ask(ctx, id, position, day)
        if ctx.store.lessons.given(id, ctx.actor.member) is None:
            return open_one
    return None


def _id(member: str, day: date, position: int) -> str:
    return f"review-{member}-{day}-{position}"


def _ask(ctx: Context, id: str, position: int, day: date) -> Asking | None:
    waiting = _waiting(ctx, day)
    if not waiting:
        return None
    memory, catalog = waiting[0], ctx.catalog
    known = [one for one in questions_of(catalog.lessons[memory.concept]) if one in catalog.questions]
    ctx.store.reviews.keep(ctx.actor.member, memory)  # a revived one counts from here
    question = catalog.questions[sister(known, memory.question)]
    asking = put(
        question,
        id=id,
        source=SOURCE,
        source_id=memory.concept,
        position=position,
        pack=catalog.version,
        member=ctx.actor.member,
    )
    ctx.store.lessons.ask([asking])
    return ctx.store.lessons.asking(id)


def _waiting(ctx: Context, day: date) -> list[Memory]:
    """What is due and still taught, in the order in which it is asked."""
    lessons, questions = ctx.catalog.lessons, ctx.catalog.questions
    known = [one for one in ctx.store.reviews.memories(ctx.actor.member) if one.concept in lessons]
    current = ((one, questions[one.question].rev if one.question in questions else one.rev) for one in known)
    marked = {one.concept for one in known if _is_marked(ctx, one.concept)}
    return due((revived(one, rev, day) for one, rev in current), day, marked)


def _is_marked(ctx: Context, concept: str) -> bool:
    question = ctx.catalog.questions.get(ctx.catalog.lessons[concept].core_question)
    return question is not None and question.core


def _count(ctx: Context) -> int:
    """How many reviews of today are answered."""
    day, member = today_of(ctx), ctx.actor.member
    ids = (_id(member, day, position) for position in range(1, A_DAY + 1))
    return sum(ctx.store.lessons.given(id, member) is not None for id in ids)


def left(ctx: Context) -> int:
    """How many reviews are due and still within today's number."""
    return max(0, min(len(_waiting(ctx, today_of(ctx))), A_DAY - _count(ctx)))


def onward(ctx: Context) -> list[Block]:
    """The button to the next review, where there is one."""
    return [Buttons((Button("One more question", "lessons.review", ""),))] if left(ctx) else []


def _card(ctx: Context, asking: Asking) -> Message:
    catalog = ctx.catalogs.at(asking.pack)
    title = plain(ctx.say("lessons.review_title", number=asking.position))
    question = catalog.questions[asking.question]
    put_again = asked(ctx.texts, question, asking, "lessons.review_answer", unsure=True)
    return Message(f"{title}: {question.stem}"[:300], (Heading(title), *put_again, Note(ctx.say("lessons.private"))))


def answer(ctx: Context, value: str) -> Answer:
    """An option of a review was pressed. The first answer counts; a later press shows what counted."""
    asking, option = own_asking(ctx, value, SOURCE)
    given = take(ctx, asking, option)
    said = verdict(ctx.texts, given)
    blocks: Sequence[Block] = feedback(ctx.texts, valid_question(ctx, asking), asking, given)
    after = onward(ctx) or [Note(ctx.say("lessons.review_enough"))]
    return Answer(inline=Message(said, (*blocks, *after)), replace=True)


def own_asking(ctx: Context, value: str, source: str) -> tuple[Asking, str]:
    """The asking and the option behind a button; what a card sends back can be forged, so all is checked."""
    id, _, at = value.partition(":")
    asking = ctx.store.lessons.asking(id)
    if asking is None or asking.source != source or not authorize(ctx.actor, Verb.OWN, asking.member):
        raise Refusal("app.expired")
    option = pressed(asking, at, unsure=True)
    if option is None:
        raise Refusal("app.expired")
    return asking, option


def take(ctx: Context, asking: Asking, option: str) -> Given:
    """Record an answer once, and what it says about the memory of its concept. Returns the answer that counts."""
    member, day = ctx.actor.member, today_of(ctx)
    question = valid_question(ctx, asking)
    given = Given(asking.id, member, option, option == question.right.id, ctx.now)
    if ctx.store.lessons.answer(given):
        ctx.store.lessons.attended(member)
        ctx.store.participation.add(member, day, "reviews" if asking.source == SOURCE else "answers")
        learned(ctx, member, question, right=given.correct, day=day)
        return given
    stands = ctx.store.lessons.given(asking.id, member)
    if stands is None:
        raise RuntimeError("an answer that was recorded can be read")
    return stands


COMMANDS = (
    Command(
        name="review",
        run=review,
        needs=Needs.WRITE,
        summary="A question on something you have learned",
        words=("reviews",),
        examples=("review",),
    ),
)
ACTIONS = (Action(name="lessons.review", run=review), Action(name="lessons.review_answer", run=answer))
