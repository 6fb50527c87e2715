"""``content stats``: the figures of a pack as tables for people and JSON for programs."""

from __future__ import annotations

import msgspec
import typer

from adapters.cli.output import print_table
from bot.domain.pack import ROLES
from content.coverage import Coverage, coverage, share_taught
from content.source import Source
from content.stats import by_kind, by_role, by_topic, guesser


def as_json(source: Source) -> bytes:
    """Everything, for programs."""
    found = coverage(source)
    taught, wanted = share_taught(found)
    return msgspec.json.encode(
        {
            "kinds": by_kind(source.pack),
            "topics": by_topic(source.pack, source.requirements),
            "roles": by_role(source.pack),
            "guesser": guesser(source.pack),
            "taught": {"of": wanted, "count": taught},
            "requirements": found,
        }
    )


def show(source: Source) -> None:
    """Everything, for people; what is missing comes last, where it is seen."""
    kinds = by_kind(source.pack)
    rows = [[one.kind, str(one.count), str(one.floor), "" if one.enough else "under"] for one in kinds]
    print_table("Kinds", ("kind", "written", "floor", ""), rows)
    topics = by_topic(source.pack, source.requirements)
    print_table(
        "Topics",
        ("topic", "lessons", "by level", "questions", "core", "terms", "quizzes"),
        [
            [
                one.topic,
                f"{one.lessons} of {one.planned}",
                "/".join(map(str, one.levels)),
                str(one.questions),
                str(one.core_questions),
                str(one.terms),
                str(one.quizzes),
            ]
            for one in topics
        ],
    )
    print_table(
        "Roles",
        ("role", "lessons", "in tracks", "own reasons", "terms"),
        [
            [ROLES[one.role], str(one.lessons), str(one.in_tracks), str(one.reasons), str(one.terms)]
            for one in by_role(source.pack)
        ],
    )
    luck = guesser(source.pack)
    if luck.questions:
        typer.echo(
            f"Always the longest of three options: {luck.longest / luck.questions:.0%} right; "
            f"always the shortest: {luck.shortest / luck.questions:.0%}; by chance 33%. ({luck.questions} questions)"
        )
    _requirements(coverage(source))


def _requirements(found: list[Coverage]) -> None:
    taught, wanted = share_taught(found)
    states = {state: [one for one in found if one.state == state] for state in ("untaught", "feature", "teaser")}
    if not wanted:
        return
    partly = [one for one in found if one.state == "taught" and one.missing]
    typer.echo(f"Requirements taught by content: {taught} of {wanted} ({taught / wanted:.1%})")
    typer.echo(
        f"By a feature of the product alone: {len(states['feature'])}. Teasers for later: {len(states['teaser'])}."
    )
    if partly:
        typer.echo(f"Taught, but not by every kind that was asked for: {len(partly)}")
        for one in partly:
            typer.echo(f"  {one.id} {one.what} (missing: {', '.join(one.missing)})")
    if states["untaught"]:
        typer.echo(f"Not taught: {len(states['untaught'])}")
        for one in states["untaught"]:
            typer.echo(f"  {one.id} {one.topic}: {one.what}")
