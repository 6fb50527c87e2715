"""Looking at what was published; nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.calendar import day_words, zone_named
from bot.domain.digests import TREND_WEEKS, next_close
from bot.domain.people import Verb, authorize
from bot.errors import Refusal
from bot.features.digest.screens import ROWS, csv_file, digest_card, label, told, week_name
from bot.messages import (
    BUTTONS_LIMIT,
    LABEL_LIMIT,
    OPTIONS_LIMIT,
    Block,
    Button,
    Buttons,
    Choice,
    Message,
    Pick,
    Text,
    clip,
    plain,
)
from bot.ports.people import Team
from bot.router import Action, Answer, Command, Context, Needs

CSV_WEEKS = 52


def digest(ctx: Context, words: str) -> Answer:
    """The last published week of the actor's own team; with several teams, the one that is named.

    A team of somebody else gets the same answer as one that does not exist.
    """
    teams = [team for team in ctx.store.people.teams() if authorize(ctx.actor, Verb.READ_TEAM, team.id)]
    if not teams:
        raise Refusal("app.forbidden")
    named = [team for team in teams if words.casefold() in {team.id.casefold(), team.name.casefold()}]
    if words and not named:
        raise Refusal("app.forbidden")
    if len(teams) > 1 and not named:
        said = ctx.say("digest.which")
        return Answer(inline=Message(plain(said), (Text(said), _which(teams))))
    return show(ctx, (named or teams)[0].id)


def _which(teams: Sequence[Team]) -> Block:
    """A button each, or a select where a row cannot hold them."""
    if len(teams) <= BUTTONS_LIMIT:
        return Buttons(tuple(Button(clip(one.name, LABEL_LIMIT), "digest.show", one.id) for one in teams))
    picks = tuple(Pick(one.id, clip(one.name, 75)) for one in teams[:OPTIONS_LIMIT])
    return Choice("Team", "digest.show", picks)


def show(ctx: Context, team_id: str) -> Answer:
    team = _own_team(ctx, team_id)
    editions = ctx.store.digest.editions(team.id, ctx.actor.member, TREND_WEEKS)
    if not editions:
        when = next_close(ctx.now).astimezone(zone_named(ctx.actor.zone))
        said = ctx.say("digest.none_yet", team=team.name, when=f"{day_words(when)}, {when:%H:%M}")
        return Answer(inline=Message(plain(said), (Text(said),)))
    return Answer(inline=digest_card(ctx.texts, team, editions))


def download(ctx: Context, team_id: str) -> Answer:
    team = _own_team(ctx, team_id)
    editions = ctx.store.digest.editions(team.id, ctx.actor.member, CSV_WEEKS)
    said = ctx.say("digest.csv", team=team.name)
    return Answer(inline=Message(plain(said), (Text(said), csv_file(ctx.texts, team, editions))))


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    """What the last digest said to the manager about the actor's team: the same words, so that everybody knows them."""
    manager = next((team.manager for team in ctx.store.people.teams() if team.id == ctx.actor.team), None)
    if ctx.actor.team is None or manager is None:
        return []
    editions = ctx.store.digest.editions(ctx.actor.team, manager, 1)
    if not editions:
        return []
    said = [f"{label(ctx.texts, row)}: {told(ctx.texts, getattr(editions[0].figures, row))}" for row in ROWS]
    return [(plain(ctx.say("digest.label_last", week=week_name(editions[0].week))), "; ".join(said))]


def _own_team(ctx: Context, team_id: str) -> Team:
    """The team behind an id from a button; somebody else's team is the same as none."""
    for team in ctx.store.people.teams():
        if team.id == team_id and authorize(ctx.actor, Verb.READ_TEAM, team.id):
            return team
    raise Refusal("app.forbidden")


COMMANDS = (
    Command(
        name="digest",
        run=digest,
        needs=Needs.READ,
        verb=Verb.LEAD,
        summary="How your team took part last week",
        arguments="[team]",
        examples=("digest",),
    ),
)
ACTIONS = (
    Action(name="digest.show", run=show, needs=Needs.READ, verb=Verb.LEAD),
    Action(name="digest.csv", run=download, needs=Needs.READ, verb=Verb.LEAD),
)
