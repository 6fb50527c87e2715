"""One person on two platforms: a short code makes their accounts one member, and they come apart again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.linking import CODE_LIFE, SWEPT_AFTER, Address, Side, code_of, kept_first
from bot.domain.people import Actor
from bot.errors import Refusal
from bot.messages import (
    LABEL_LIMIT,
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Fields,
    Heading,
    Message,
    Note,
    Plain,
    Spans,
    Text,
    clip,
    plain,
)
from bot.router import (
    Action,
    Answer,
    Command,
    Composed,
    Context,
    Done,
    Feature,
    Job,
    Kind,
    Needs,
    Next,
    OnUnknown,
    Skip,
    Work,
)

FEATURE = Feature(name="linking")
LINKED = "linked"  # the kind that tells the other account, and the job that moves what came late


def link(ctx: Context, words: str) -> Answer:
    """Without a code: the accounts there are, or a code. With one: what would happen."""
    if words:
        return _typed(ctx, words)
    accounts = ctx.store.linking.addresses(ctx.actor.member)
    return _show_code(ctx, "") if len(accounts) == 1 else _accounts(ctx, accounts)


def _accounts(ctx: Context, accounts: Sequence[Address], news: Spans = ()) -> Answer:
    """Where somebody is known, where messages go, and what can be changed."""
    title = plain(ctx.say("linking.title"))
    preferred, *others = accounts
    rows = tuple((one.platform_name, (Plain(clip(_place(ctx, one), 200)),)) for one in accounts[:10])
    buttons = [
        *(Button(_label(ctx, "linking.send_here", one), "linking.prefer", one.account) for one in others[:2]),
        Button(plain(ctx.say("linking.another")), "linking.code"),
        Button(plain(ctx.say("linking.unlink")), "linking.ask_unlink"),
    ]
    blocks: list[Block] = [Heading(title), *([Text(news)] if news else ()), Fields(rows)]
    goes = ctx.say("linking.goes", platform=preferred.platform_name)
    return Answer(
        inline=Message(clip(plain(news) or title, SUMMARY_LIMIT), (*blocks, Text(goes), Buttons(tuple(buttons))))
    )


def _place(ctx: Context, one: Address) -> str:
    is_here = one.account == ctx.actor.account
    return plain(ctx.say("linking.place", workspace=one.workspace_name, is_here=is_here))


def _label(ctx: Context, key: str, one: Address) -> str:
    return clip(plain(ctx.say(key, platform=one.platform_name)), LABEL_LIMIT)


def _show_code(ctx: Context, _value: str) -> Answer:
    if not ctx.store.linking.attempt(ctx.actor.account, "shown", ctx.now):
        raise Refusal("linking.too_many")
    code = code_of(ctx.ids())
    ctx.store.linking.show(ctx.actor.account, code, ctx.now + CODE_LIFE)
    minutes = int(CODE_LIFE.total_seconds()) // 60
    title = plain(ctx.say("linking.code_title"))
    said = ctx.say("linking.code", code=code, minutes=minutes)
    return Answer(inline=Message(title, (Heading(title), Text(said), Note(ctx.say("linking.code_note")))))


def _typed(ctx: Context, words: str) -> Answer:
    """Every try counts, and is told in an answer: a refusal would undo the count."""
    if not ctx.store.linking.attempt(ctx.actor.account, "typed", ctx.now):
        raise Refusal("linking.too_many")
    claim = ctx.ids()
    shown_by = ctx.store.linking.claim(words, ctx.actor.account, claim, ctx.now)
    pair = None if shown_by is None else _pair(ctx, shown_by)
    if pair is None:
        return _told(ctx, "linking.unknown")
    mine, other = pair
    problem = _problem(mine, other)
    return _told(ctx, problem) if problem else _confirm(ctx, mine, other, claim)


def _pair(ctx: Context, shown_by: str) -> tuple[Side, Side] | None:
    mine, other = (ctx.store.linking.side(one) for one in (ctx.actor.account, shown_by))
    return None if mine is None or other is None else (mine, other)


def _problem(mine: Side, other: Side) -> str:
    """The wording that says why these two cannot become one."""
    if mine.member == other.member:
        return "linking.same"
    return "linking.same_workspace" if mine.workspaces & other.workspaces else ""


def _told(ctx: Context, key: str, /, **values: object) -> Answer:
    said = ctx.say(key, **values)
    return Answer(inline=Message(clip(plain(said), SUMMARY_LIMIT), (Text(said),)))


def _confirm(ctx: Context, mine: Side, other: Side, claim: str) -> Answer:
    """What will happen, before anything does."""
    title = plain(ctx.say("linking.confirm_title"))
    kept, _ = kept_first(mine, other)
    rows = tuple(
        (_who(ctx, one), ctx.say("linking.brings", lessons=one.lessons, answers=one.answers)) for one in (mine, other)
    )
    buttons = Buttons(
        (
            Button(plain(ctx.say("linking.yes")), "linking.confirm", claim, style="primary"),
            Button(plain(ctx.say("linking.no")), "linking.decline", claim),
        )
    )
    blocks = (
        Heading(title),
        Text(ctx.say("linking.only_you", who=_who(ctx, other))),
        Fields(rows),
        Text(ctx.say("linking.together", who=_who(ctx, kept), platform=kept.addresses[0].platform_name)),
        buttons,
    )
    return Answer(inline=Message(title, blocks))


def _who(ctx: Context, side: Side) -> str:
    address = side.addresses[0]
    return plain(
        ctx.say("linking.who", name=side.name, platform=address.platform_name, workspace=address.workspace_name)
    )


def confirm(ctx: Context, claim: str) -> Answer:
    """Make one member of two; the code is used up, and both accounts are told."""
    shown_by = ctx.store.linking.claimed(claim, ctx.actor.account, ctx.now)
    pair = None if shown_by is None else _pair(ctx, shown_by)
    if shown_by is None or pair is None:
        raise Refusal("linking.expired")
    mine, other = pair
    problem = _problem(mine, other)
    if problem:
        raise Refusal(problem)
    kept, absorbed = (one.member for one in kept_first(mine, other))
    hooks = [one.merging for one in ctx.table.features if one.merging is not None]
    told = [outgoing for hook in hooks for outgoing in hook(ctx, kept, absorbed)]
    if not ctx.store.linking.merge(kept, absorbed, ctx.now):
        raise Refusal("linking.expired")
    ctx.store.lessons.replan(kept, ctx.now)
    ctx.store.jobs.start(LINKED, absorbed, ctx.now + SWEPT_AFTER)
    platform = next(one for one in mine.addresses if one.account == ctx.actor.account).platform_name
    notice = Outgoing(kind=LINKED, subject=kept, period=claim, member=kept, payload={"platform": platform})
    ctx.store.ledger.put([notice], ctx.now)
    ctx.store.linking.tell(*notice.key, shown_by)
    done = _accounts(ctx, ctx.store.linking.addresses(kept), ctx.say("linking.done"))
    return dataclasses.replace(done, replace=True, durable=tuple(told))


def _decline(ctx: Context, claim: str) -> Answer:
    ctx.store.linking.claimed(claim, ctx.actor.account, ctx.now)
    return dataclasses.replace(_told(ctx, "linking.declined"), replace=True)


def _prefer(ctx: Context, account: str) -> Answer:
    if not ctx.store.linking.prefer(ctx.actor.member, account):
        raise Refusal("linking.gone")
    accounts = ctx.store.linking.addresses(ctx.actor.member)
    return dataclasses.replace(_accounts(ctx, accounts, ctx.say("linking.preferred")), replace=True)


def unlink(ctx: Context, _words: str) -> Answer:
    """What would happen to this account, before it does."""
    accounts = ctx.store.linking.addresses(ctx.actor.member)
    others = [one for one in accounts if one.account != ctx.actor.account]
    if not others:
        return _told(ctx, "linking.alone")
    title = plain(ctx.say("linking.unlink_title"))
    said = ctx.say("linking.unlink_what", platform=others[0].platform_name)
    confirm = Button(plain(ctx.say("linking.unlink")), "linking.unlink", style="danger")
    return Answer(inline=Message(title, (Heading(title), Text(said), Buttons((confirm,)))))


def _unlink(ctx: Context, _value: str) -> Answer:
    """This account begins anew, and is welcomed as anybody new is."""
    fresh = ctx.ids()
    if not ctx.store.linking.part(ctx.actor.account, fresh, ctx.now):
        return _told(ctx, "linking.alone")
    anew = dataclasses.replace(ctx, actor=_fresh(ctx, fresh))
    welcomes = tuple(one for feature in ctx.table.features if feature.joined for one in feature.joined(anew))
    return dataclasses.replace(_told(ctx, "linking.unlinked"), replace=True, durable=welcomes)


def _fresh(ctx: Context, member: str) -> Actor:
    """Whoever speaks, with nothing of the member they were."""
    one = ctx.actor
    return Actor(ctx.tenant, one.workspace, member, one.account, one.name, one.zone, one.locale)


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    found: dict[int, Composed | Skip] = {}
    for one in deliveries:
        said = work.say("linking.notice", platform=str(one.payload.get("platform", "")))
        found[one.id] = Composed(Message(clip(plain(said), SUMMARY_LIMIT), (Text(said),)))
    return found


def _sweep(work: Work, absorbed: str, _cursor: Mapping[str, object]) -> Next | Done:
    work.store.linking.sweep(absorbed)
    return Done()


def facts(ctx: Context) -> Sequence[tuple[str, str]]:
    accounts = ctx.store.linking.addresses(ctx.actor.member)
    where = ", ".join(f"{one.platform_name} ({one.workspace_name})" for one in accounts)
    return [(plain(ctx.say("linking.label")), where)]


FEATURE.commands += [
    Command(
        name="link",
        run=link,
        needs=Needs.WRITE,
        summary="Be one person on Slack and Teams",
        arguments="[code]",
        examples=("link", "link k4xw-9m2p"),
    ),
    Command(
        name="unlink",
        run=unlink,
        needs=Needs.READ,
        summary="Take this account apart from your other one",
        examples=("unlink",),
    ),
]
FEATURE.actions += [
    Action(name="linking.code", run=_show_code),
    Action(name="linking.confirm", run=confirm),
    Action(name="linking.decline", run=_decline),
    Action(name="linking.prefer", run=_prefer),
    Action(name="linking.ask_unlink", run=unlink, needs=Needs.READ),
    Action(name="linking.unlink", run=_unlink),
]
FEATURE.kinds.append(Kind(name=LINKED, compose=_compose, on_unknown=OnUnknown.RESEND))
FEATURE.jobs.append(Job(name=LINKED, step=_sweep))
FEATURE.facts = facts
