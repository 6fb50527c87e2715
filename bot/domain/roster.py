"""A company's list of people as a table (CSV): read with every mistake by its line, and written safe for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from bot.domain.calendar import is_zone
from bot.domain.holidays import region_named
from bot.domain.people import Role
from bot.domain.wording import one_line

COLUMNS = ("account", "name", "team", "manager", "rights", "zone", "region", "tracks")
NOTHING = "-"  # in a cell: take away what there is; an empty cell leaves it
MOST_LINES = 20_000
CELL_LIMIT = 200  # characters
# A cell that begins like a formula is run by a spreadsheet; the apostrophe makes it text and goes when it is read.
_FORMULA = re.compile(r"^[=+\-@\t\r']")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a list. None leaves what there is; an empty team or rights takes it away.

    ``account`` and ``manager`` are ids at the platform; the manager is that of the whole team.
    """

    line: int
    account: str
    name: str = ""
    team: str | None = None
    manager: str | None = None
    rights: frozenset[Role] | None = None
    zone: str | None = None
    region: str | None = None
    tracks: tuple[str, ...] = ()


class Mistake(msgspec.Struct, frozen=True, order=True):
    """What is wrong on a line."""

    line: int
    text: str


class Mistakes(Exception):
    """A list that is not right. Nothing of it is taken."""

    def __init__(self, found: Iterable[Mistake]) -> None:
        super().__init__("the list has mistakes")
        self.found = tuple(sorted(found))


def read(text: str) -> list[Entry]:
    """The people of a list. Raises :class:`Mistakes` with all of them."""
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        rows = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Mistakes([Mistake(table.line_num, f"this is no table: {error}")]) from error
    if not rows:
        raise Mistakes([Mistake(1, "the list is empty")])
    heads = [cell.strip().lower() for cell in rows[0][1]]
    wrong = [f"there is no column {one!r}; there are {', '.join(COLUMNS)}" for one in heads if one not in COLUMNS]
    wrong += [f"the column {one!r} stands there twice" for one in {one for one in heads if heads.count(one) > 1}]
    if "account" not in heads:
        wrong.append("the column 'account' is missing: the person's id on the platform")
    if len(rows) - 1 > MOST_LINES:
        wrong.append(f"more than {MOST_LINES:,} people: split the list")
    if wrong:
        raise Mistakes(Mistake(1, one) for one in wrong)
    return _entries(heads, rows[1:])


def _entries(heads: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> list[Entry]:
    mistakes: list[Mistake] = []
    found: list[Entry] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        if len(row) != len(heads):
            mistakes.append(Mistake(line, f"{len(row)} cells, the first line has {len(heads)}"))
            continue
        cells = {head: _cell(cell) for head, cell in zip(heads, row, strict=True)}
        wrong = [*_wrong(cells)]
        account = cells["account"]
        if account in seen:
            wrong.append(f"{account} stands on line {seen[account]} already")
        seen.setdefault(account, line)
        mistakes += [Mistake(line, one) for one in wrong]
        if not wrong:
            found.append(_entry(line, cells))
    mistakes += _two_managers(found)
    if mistakes:
        raise Mistakes(mistakes)
    return found


def _cell(text: str) -> str:
    if text.startswith("'") and _FORMULA.match(text[1:]):
        text = text[1:]
    return one_line(text)


def _wrong(cells: Mapping[str, str]) -> Iterable[str]:
    if cells["account"] in {"", NOTHING}:
        yield "the account is missing: the person's id on the platform"
    for name, cell in cells.items():
        if len(cell) > CELL_LIMIT:
            yield f"{name} is longer than {CELL_LIMIT} characters"
    unknown = [one for one in _several(cells.get("rights", "")) if one not in {role.value for role in Role}]
    if unknown:
        yield f"no right is called {', '.join(unknown)}; there are {', '.join(role.value for role in Role)}"
    zone, region = cells.get("zone", ""), cells.get("region", "")
    if zone and not is_zone(zone):
        yield f"{zone} is no time zone; one is Europe/Berlin"
    if region and region_named(region) is None:
        yield f"{region} is no region with public holidays; one is DE-BE"
    manager, team = cells.get("manager", ""), cells.get("team", "")
    if manager and team in {"", NOTHING}:
        yield "a manager without a team: the manager is that of the team on this line"


def _entry(line: int, cells: Mapping[str, str]) -> Entry:
    team, rights = cells.get("team", ""), cells.get("rights", "")
    manager = cells.get("manager", "")
    region = cells.get("region", "")
    return Entry(
        line=line,
        account=cells["account"],
        name=cells.get("name", ""),
        team=None if not team else "" if team == NOTHING else team,
        manager=None if not manager else "" if manager == NOTHING else manager,
        rights=frozenset(Role(one) for one in _several(rights)) if rights else None,
        zone=cells.get("zone") or None,
        region=region_named(region) if region else None,
        tracks=tuple(_several(cells.get("tracks", ""))),
    )


def _several(cell: str) -> list[str]:
    return [one for part in cell.split(";") if (one := part.strip()) and one != NOTHING]


def _two_managers(entries: Iterable[Entry]) -> Iterable[Mistake]:
    """A team has one manager, whichever line says so."""
    said: dict[str, Entry] = {}
    for one in entries:
        if one.team and one.manager is not None:
            first = said.setdefault(one.team.casefold(), one)
            if first.manager != one.manager:
                yield Mistake(one.line, f"{one.team} has another manager on line {first.line}")


def written(rows: Iterable[Mapping[str, str]]) -> str:
    """A list that :func:`read` takes, safe to open in a spreadsheet."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: _guarded(row.get(name, "")) for name in COLUMNS})
    return out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
