"""How far a learner has come, for their eyes alone: tracks, this week, what is known, next and due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bot.domain.calendar import day_words
from bot.domain.streaks import goal, streak, this_week
from bot.domain.tracks import Courses, ahead, standing
from bot.features.lessons.learners import coming, enrolled, next_time, today_of, told
from bot.features.lessons.reviews import left
from bot.messages import (
    LABEL_LIMIT,
    Block,
    Button,
    Buttons,
    Fields,
    Message,
    Note,
    Plain,
    Progress,
    Table,
    Text,
    clip,
    plain,
)
from bot.ports.lessons import History, Learner
from bot.router import Action, Answer, Command, Context, Needs

LOOK_BACK = timedelta(days=400)
NEXT_SHOWN = 3
TOPICS_SHOWN = 20
LEAVE_SHOWN = 5


def progress(ctx: Context, _words: str) -> Answer:
    """The learning map: what is known, what comes next, what is due."""
    learner = enrolled(ctx)
    history = ctx.store.lessons.history([learner.member])[learner.member]
    blocks = (
        *_standings(ctx, learner, history),
        *_week(ctx, learner),
        *_next(ctx, learner, history),
        *_map(ctx, learner, history),
        *_leave(ctx, learner),
        Note(ctx.say("lessons.private")),
    )
    return Answer(inline=Message(plain(ctx.say("lessons.progress_title")), blocks))


def home(ctx: Context) -> Sequence[Block]:
    """The learner's part of the home view."""
    learner = ctx.store.lessons.learner(ctx.actor.member)
    if learner is None:
        return [
            Text(ctx.say("lessons.not_enrolled")),
            Buttons((Button("Start learning", "settings.change", opens=True),)),
        ]
    history = ctx.store.lessons.history([learner.member])[learner.member]
    onward = (Button("Today's lesson", "guide.run", "today"), Button("My progress", "guide.run", "progress"))
    return [*_standings(ctx, learner, history), *_week(ctx, learner), Buttons(onward)]


def _standings(ctx: Context, learner: Learner, history: History) -> list[Block]:
    blocks: list[Block] = []
    courses = Courses(ctx.catalog.tracks, ctx.catalog.lessons)
    for one in learner.tracks:
        track = ctx.catalog.tracks.get(one.track)
        if track is None:
            continue
        stands = standing(track, one.total, history.done)
        blocks.append(Progress(track.name, stands.done, stands.total))
        if stands.new:
            blocks.append(Note(ctx.say("lessons.new_lessons", count=stands.new, done=stands.new_done)))
        if first := len(history.done.intersection(courses.order(one.track)).difference(track.lessons)):
            blocks.append(Note(ctx.say("lessons.first_done", count=first)))
    return blocks


def _week(ctx: Context, learner: Learner) -> list[Block]:
    today = today_of(ctx)
    kept = ctx.store.attention.kept(learner.member, today - LOOK_BACK)
    counts = ctx.store.lessons.counts(learner.member)
    wanted = goal(learner.days)
    done = this_week(kept, today)
    rows = [
        ("label_answers", f"{counts['right']} / {counts['answers']}"),
        ("label_next", next_time(ctx, learner)),
        ("label_due", str(left(ctx))),
    ]
    if not ctx.store.people.flag(learner.member, "streak_off"):
        rows.append(("label_streak", str(streak(kept, today))))
    fields = Fields(tuple((plain(ctx.say(f"lessons.{label}")), (Plain(value),)) for label, value in rows))
    return [Progress(plain(ctx.say("lessons.label_week")), min(done, wanted), wanted), fields]


def _next(ctx: Context, learner: Learner, history: History) -> list[Block]:
    days = [day for day, _at in coming(ctx, learner)][:NEXT_SHOWN]
    catalog = ctx.catalog
    found = ahead(
        days, Courses(catalog.tracks, catalog.lessons), learner.tracks, history.done, history.shown, history.last
    )
    lines = [(day_words(day), catalog.lessons[one.lesson].title) for day, one in found if one is not None]
    return [Text(ctx.say("lessons.coming", lines=lines))] if lines else []


def _map(ctx: Context, learner: Learner, history: History) -> list[Block]:
    """Lessons known by topic, over all tracks of the learner."""
    catalog = ctx.catalog
    tracks = (catalog.tracks[one.track] for one in learner.tracks if one.track in catalog.tracks)
    mine = {id for track in tracks for id in track.lessons if id in catalog.lessons}
    total = Counter(catalog.lessons[id].topic for id in mine)
    known = Counter(catalog.lessons[id].topic for id in mine & history.done)
    rows = [
        (clip(catalog.topics[topic].name, 60), f"{known[topic]} / {count}")
        for topic, count in sorted(total.items(), key=lambda pair: catalog.topics[pair[0]].name)
    ]
    columns = (plain(ctx.say("lessons.column_topic")), plain(ctx.say("lessons.column_known")))
    return [Table(columns, tuple(rows[:TOPICS_SHOWN]))] if rows else []


def _leave(ctx: Context, learner: Learner) -> list[Block]:
    known = ctx.catalog.tracks
    names = [(one.track, known[one.track].name if one.track in known else one.track) for one in learner.tracks]
    buttons = (Button(clip(f"Leave {name}", LABEL_LIMIT), "lessons.leave", id) for id, name in names[:LEAVE_SHOWN])
    return [Buttons(tuple(buttons), "Leave a track")]


def leave(ctx: Context, track: str) -> Answer:
    """Leave a track in one press; the last one ends the lessons. What was learned is kept for coming back."""
    learner = enrolled(ctx, held=True)
    rest = tuple(one for one in learner.tracks if one.track != track)
    known = ctx.catalog.tracks.get(track)
    name = known.name if known else track
    if len(rest) == len(learner.tracks):
        return told(ctx, "lessons.left_before", track=name)
    if rest:
        ctx.store.lessons.save(msgspec.structs.replace(learner, tracks=rest))
        return told(ctx, "lessons.left_track", track=name)
    ctx.store.lessons.remove(learner.member)
    ctx.store.ledger.skip("stopped", kind="daily", member=learner.member)
    return told(ctx, "lessons.left_last", Buttons((Button("Start again", "settings.change", opens=True),)), track=name)


def finished_tracks(ctx: Context, lesson: str) -> list[Block]:
    """What is said when this lesson was the last one of a track."""
    learner = ctx.store.lessons.learner(ctx.actor.member)
    if learner is None:
        return []
    done = ctx.store.lessons.done([learner.member])[learner.member]
    tracks = [ctx.catalog.tracks[one.track] for one in learner.tracks if one.track in ctx.catalog.tracks]
    finished = [one for one in tracks if lesson in one.lessons and done.issuperset(one.lessons)]
    if not finished:
        return []
    is_all = all(done.issuperset(one.lessons) for one in tracks)
    names = ", ".join(one.name for one in finished)
    said = Text(ctx.say("lessons.finished", tracks=names, several=len(finished) > 1, is_all=is_all))
    return [said, Buttons((Button("Choose another track", "settings.change", opens=True),))] if is_all else [said]


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    """What is stored about the actor."""
    counts = ctx.store.lessons.counts(ctx.actor.member)
    memories = len(ctx.store.reviews.memories(ctx.actor.member))
    rows = (("fact_done", counts["done"]), ("fact_answers", counts["answers"]), ("fact_reviews", memories))
    return [(plain(ctx.say(f"lessons.{label}")), str(number)) for label, number in rows]


COMMANDS = (
    Command(
        name="progress",
        run=progress,
        needs=Needs.READ,
        summary="What you know, what comes next and what is due",
        words=("map",),
        examples=("progress",),
    ),
)
ACTIONS = (Action(name="lessons.leave", run=leave),)
