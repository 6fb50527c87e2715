"""Rules about drills: everything can be reached, nothing is a trap, and nobody sits idle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator

from bot.domain.pack import Scenario
from bot.domain.pack.practice import ALL, VOTE, Node
from content.problems import Path
from content.rules.rule import Finding, Rule
from content.source import Source

OPTIONS = (2, 4)
NODES = (5, 8)
SEATS = 12
MINUTES = (15, 25)


def unreachable(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        reached = _reached(drill, drill.start)
        for name in drill.nodes:
            if name not in reached:
                yield Finding(drill.id, f"no path leads to the node {name!r}", ("nodes", name))


def dead_ends(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        ending = _ending(drill)
        for name, node in drill.nodes.items():
            if node.end and node.options:
                yield Finding(drill.id, f"{name!r} is an end and still asks", ("nodes", name))
            elif not node.end and not node.options:
                yield Finding(drill.id, f"{name!r} asks nothing and is no end", ("nodes", name))
            elif name not in ending:
                yield Finding(drill.id, f"no end can be reached from {name!r}", ("nodes", name))


def timers_without_default(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for name, node in drill.nodes.items():
            path: Path = ("nodes", name, "on_timeout" if node.on_timeout else "timer")
            if node.timer is not None and node.timer <= 0:
                yield Finding(drill.id, f"{name!r}: a timer runs for one second at least", path)
            elif node.timer is not None and node.on_timeout not in {option.id for option in node.options}:
                said = repr(node.on_timeout) if node.on_timeout else "nothing"
                yield Finding(drill.id, f"{name!r}: when time is up, {said} is taken, which is no option here", path)
            elif node.timer is None and node.on_timeout:
                yield Finding(drill.id, f"{name!r}: on_timeout without a timer", path)


def undeclared_states(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for name, node in drill.nodes.items():
            for at, option in enumerate(node.options):
                for state in sorted(option.effect.keys() - drill.state.keys()):
                    path: Path = ("nodes", name, "options", at, "effect")
                    yield Finding(drill.id, f"option {option.id} of {name!r} changes {state!r}", path)
        for at, inject in enumerate(drill.injects):
            if inject.condition and inject.condition.state not in drill.state:
                yield Finding(drill.id, f"{inject.id!r} looks at {inject.condition.state!r}", ("injects", at, "if"))


def idle(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        reached = [drill.nodes[name] for name in _reached(drill, drill.start)]
        for at, seat in enumerate(drill.roles[:SEATS]):
            if not any(_has_part(node, seat.id) for node in reached):
                yield Finding(drill.id, f"{seat.id!r} is told and asked nothing", ("roles", at))


def idle_on_a_path(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for at, seat in enumerate(drill.roles[:SEATS]):
            without = {name for name, node in drill.nodes.items() if not _has_part(node, seat.id)}
            if len(without) < len(drill.nodes) and any(
                drill.nodes[name].end for name in _reached(drill, drill.start, without)
            ):
                yield Finding(drill.id, f"on one path {seat.id!r} is told and asked nothing", ("roles", at))


def no_best(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for name, node in drill.nodes.items():
            if node.options and all(option.grade != "best" for option in node.options):
                yield Finding(drill.id, f"no option of {name!r} is graded best", ("nodes", name, "options"))


def dead_names(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for message, path in _names(drill):
            yield Finding(drill.id, message, path)


def _names(drill: Scenario) -> Iterator[tuple[str, Path]]:
    seats = {seat.id for seat in drill.roles}
    yield from _twice("roles", [seat.id for seat in drill.roles])
    yield from _twice("injects", [inject.id for inject in drill.injects])
    if drill.start not in drill.nodes:
        yield f"it starts at {drill.start!r}, which is no node", ("start",)
    for name, node in drill.nodes.items():
        path: Path = ("nodes", name)
        for seat in sorted(node.private.keys() - seats):
            yield f"{name!r} tells {seat!r}, which is no seat", (*path, "private", seat)
        if node.ask not in seats | {ALL, VOTE}:
            yield f"{name!r} asks {node.ask!r}, which is no seat, all or vote", (*path, "ask")
        for at, option in enumerate(node.options):
            if option.goto not in drill.nodes:
                yield f"{name!r} goes to {option.goto!r}, which is no node", (*path, "options", at, "goto")
        yield from _twice(f"the options of {name!r}", [option.id for option in node.options], (*path, "options"))
    for at, inject in enumerate(drill.injects):
        if inject.after and inject.after not in drill.nodes:
            yield f"{inject.id!r} comes after {inject.after!r}, which is no node", ("injects", at, "after")
        for seat in sorted(set(inject.to) - seats):
            yield f"{inject.id!r} goes to {seat!r}, which is no seat", ("injects", at, "to")


def _twice(where: str, ids: list[str], path: Path | None = None) -> Iterator[tuple[str, Path]]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{name!r} is twice among {where}", path or (where,)


def wrong_count_options(source: Source) -> Iterator[Finding]:
    low, high = OPTIONS
    for drill in source.pack.scenarios:
        for name, node in drill.nodes.items():
            if node.options and not low <= len(node.options) <= high:
                yield Finding(drill.id, f"{name!r} has {len(node.options)} options", ("nodes", name, "options"))


def no_moment(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for at, inject in enumerate(drill.injects):
            if (inject.at is None) == (not inject.after):
                yield Finding(drill.id, f"{inject.id!r} needs `at` or `after`, and not both", ("injects", at))


def seats_out_of_order(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        for at, seat in enumerate(drill.roles):
            if not 0 <= seat.min <= seat.max or seat.max < 1:
                yield Finding(drill.id, f"{seat.id!r} has {seat.min} to {seat.max} places", ("roles", at))
        if not 1 <= len(drill.roles) <= SEATS:
            yield Finding(drill.id, f"{len(drill.roles)} seats, 1 to {SEATS} can be filled", ("roles",))


def odd_size(source: Source) -> Iterator[Finding]:
    for drill in source.pack.scenarios:
        asking = sum(not node.end for node in drill.nodes.values())
        if not NODES[0] <= asking <= NODES[1]:
            yield Finding(drill.id, f"{asking} nodes beside its ends", ("nodes",))
        if not MINUTES[0] <= drill.minutes <= MINUTES[1]:
            yield Finding(drill.id, f"{drill.minutes} minutes", ("minutes",))


def _reached(drill: Scenario, start: str, only: Container[str] | None = None) -> set[str]:
    """Every node on a path from ``start``, itself among them; with ``only``, paths over nothing else."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in found or name not in drill.nodes or (only is not None and name not in only):
            continue
        found.add(name)
        ahead += [option.goto for option in drill.nodes[name].options]
    return found


def _ending(drill: Scenario) -> set[str]:
    """Every node from which an end can be reached: the arrows walked backwards, once."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    for name, node in drill.nodes.items():
        for option in node.options:
            before[option.goto].append(name)
    found: set[str] = set()
    ahead = [name for name, node in drill.nodes.items() if node.end]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += before[name]
    return found


def _has_part(node: Node, seat: str) -> bool:
    return seat in node.private or (bool(node.options) and node.ask in {seat, ALL, VOTE})


RULES = (
    Rule("E171", "A node of a drill cannot be reached", "Lead an option there, or remove it.", unreachable),
    Rule("E172", "A drill has a dead end", "Give the node options, or write `end: true`.", dead_ends),
    Rule("E173", "A timer has no default", "Name one of the node's options in `on_timeout`.", timers_without_default),
    Rule("E174", "A drill touches a state it has not declared", "Declare it under `state:`.", undeclared_states),
    Rule("E175", "A seat has nothing to do", "Tell it something in private, or ask it.", idle),
    Rule("E176", "A decision has no best option", "Grade one of the options best.", no_best),
    Rule("E177", "A drill names something it does not have", "Correct the name, or add what it names.", dead_names),
    Rule("E178", "A decision has not 2 to 4 options", "Three are enough.", wrong_count_options),
    Rule("E179", "An inject has no moment, or two", "Write `at:` in minutes, or `after:` a node.", no_moment),
    Rule(
        "E180",
        "The places of a drill cannot be filled",
        "Give `min` and `max`, at most 1 and more.",
        seats_out_of_order,
    ),
    Rule("W230", "A seat is idle on one path", "Tell it something in the first node.", idle_on_a_path),
    Rule("W231", "A drill is very short or long", "Aim at 5 to 8 nodes and 15 to 25 minutes.", odd_size),
)
