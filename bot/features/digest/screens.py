"""The digest: what a group did, what it finds hard, and one thing to do next."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from bot.domain.calendar import DAY, week_start
from bot.domain.digests import Figures
from bot.domain.privacy import Share
from bot.messages import (
    Block,
    Button,
    Buttons,
    Chart,
    Fields,
    File,
    Heading,
    Message,
    Note,
    Plain,
    Series,
    Text,
    clip,
    plain,
)
from bot.ports.digest import Edition
from bot.ports.people import Team
from bot.ports.texts import Texts

ROWS = ("took_part", "lessons", "quiz", "office_hours")


def week_name(week: str) -> str:
    """The days of an ISO week such as ``2026-W49``, as people say them."""
    first = week_start(week)
    last = first + 6 * DAY
    if first.year != last.year:
        return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
    return f"{first.day} {f'{first:%B} ' if first.month != last.month else ''}to {last.day} {last:%B %Y}"


def _monday(week: str) -> str:
    day = week_start(week)
    return f"{day.day} {day:%b}"


def digest_card(texts: Texts, team: Team, editions: Sequence[Edition]) -> Message:
    """The newest of ``editions`` (newest first), with the others as its trend."""
    newest = editions[0]
    title = plain(texts.render("digest.title", team=team.name, week=week_name(newest.week)))
    if not newest.figures.shown:
        said = texts.render("digest.too_small")
        return Message(clip(f"{title}. {plain(said)}", 300), (Heading(clip(title, 150)), Text(said)))
    summary = f"{title}. {plain(_line(texts, 'took_part', newest.figures.took_part))}"
    return Message(
        clip(summary, 300),
        (
            Heading(clip(title, 150)),
            Fields(tuple((label(texts, row), (Plain(told(texts, getattr(newest.figures, row))),)) for row in ROWS)),
            *_hard(texts, newest.figures),
            Text(texts.render(f"digest.action_{newest.figures.action}")),
            *_trend(texts, editions),
            Buttons((Button("Download CSV", "digest.csv", team.id),)),
            Note(texts.render("digest.how")),
        ),
    )


def _hard(texts: Texts, figures: Figures) -> list[Block]:
    return [Text(texts.render("digest.hard", topics=list(figures.hard_topics)))] if figures.hard_topics else []


def _trend(texts: Texts, editions: Sequence[Edition]) -> list[Block]:
    """At least two weeks make a trend; a week that is withheld is a gap."""
    oldest_first = list(reversed(editions))
    values = tuple(one.figures.took_part.middle for one in oldest_first)
    if sum(value is not None for value in values) < 2:
        return [Note(texts.render("digest.no_trend"))]
    weeks = tuple(_monday(one.week) for one in oldest_first)
    label = plain(texts.render("digest.label_took_part"))
    words = [(_monday(one.week), told(texts, one.figures.took_part)) for one in oldest_first]
    said = plain(texts.render("digest.trend", rows=words))
    return [Chart("line", label, weeks, (Series(label, values),), said, unit="%")]


def told(texts: Texts, one: Share) -> str:
    """A share in words, or why it is not told."""
    if one.withheld is not None:
        return plain(texts.render(f"digest.withheld_{one.withheld}"))
    return f"{one.low} %" if one.low == one.high else f"{one.low}-{one.high} %"


def label(texts: Texts, row: str) -> str:
    """What a figure is called."""
    return plain(texts.render(f"digest.label_{row}"))


def _line(texts: Texts, row: str, one: Share) -> tuple[Plain, ...]:
    return (Plain(f"{label(texts, row)}: {told(texts, one)}"),)


def csv_file(texts: Texts, team: Team, editions: Sequence[Edition]) -> File:
    """The published figures as CSV, one row a week, oldest first; exactly what the cards said."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["week", *ROWS, "hard_topics"])
    for one in reversed(editions):
        shares = [told(texts, getattr(one.figures, row)) for row in ROWS]
        writer.writerow([one.week, *shares, "; ".join(one.figures.hard_topics)])
    return File(f"digest-{team.id}.csv", "text/csv", out.getvalue().encode())
