"""Charts as inline SVG: pure functions, no script and no style attribute, the words of the chart always with it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from bot.domain.wording import one_line
from bot.messages import Chart, Series, clip

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 42
LABEL_LIMIT = 14
FULL_TURN = 2 * math.pi
LEAST = 1e-300  # below it a power of ten is no float any more; such a figure is drawn as nothing


def svg(chart: Chart) -> Markup:
    """The picture; ``chart.text`` is its description for whoever does not see it."""
    drawn = _pie(chart) if chart.kind == "pie" else _plot(chart)
    return Markup(
        '<svg class="chart-picture" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        "<title>{title}</title><desc>{words}</desc>{drawn}</svg>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        label=f"{one_line(chart.title)}. {one_line(chart.text)}",
        title=one_line(chart.title),
        words=one_line(chart.text),
        drawn=drawn,
    )


def legend(chart: Chart) -> Markup:
    """Names of the series (of the slices, in a pie) beside their colours."""
    names = chart.labels if chart.kind == "pie" else [one.name for one in chart.series]
    if len(names) < 2:
        return Markup("")
    items = (
        Markup('<li><span class="swatch s{at}"></span>{name}</li>').format(at=at % 6, name=one_line(name))
        for at, name in enumerate(names)
    )
    return Markup('<ul class="legend" aria-hidden="true">{items}</ul>').format(items=_joined(items))


def _plot(chart: Chart) -> Markup:
    top = _nice(max((value for one in chart.series for value in one.values if value is not None), default=0.0))
    grid = _joined(_grid_line(share * top / 4, top, chart.unit) for share in range(5))
    drawn = _bars(chart, top) if chart.kind == "bar" else _lines(chart, top)
    return Markup("{grid}{drawn}{labels}").format(grid=grid, drawn=drawn, labels=_labels(chart))


def _grid_line(value: float, top: float, unit: str) -> Markup:
    y = _y(value, top)
    words = f"{value:g}" + (one_line(unit) if len(unit) <= 2 else "")
    return Markup(
        '<line class="grid" x1="{x1}" x2="{x2}" y1="{y}" y2="{y}"/>'
        '<text class="tick" x="{tx}" y="{ty}" text-anchor="end">{words}</text>'
    ).format(x1=LEFT, x2=WIDTH - RIGHT, y=y, tx=LEFT - 6, ty=_round(y + 4), words=words)


def _labels(chart: Chart) -> Markup:
    """Labels under the axis; every second or third when they would run into one another."""
    step = max(1, math.ceil(len(chart.labels) / 8))
    return _joined(
        Markup('<text class="tick" x="{x}" y="{y}" text-anchor="middle">{words}</text>').format(
            x=_round(_x(at, len(chart.labels))), y=HEIGHT - BOTTOM + 18, words=clip(one_line(label), LABEL_LIMIT)
        )
        for at, label in enumerate(chart.labels)
        if at % step == 0
    )


def _bars(chart: Chart, top: float) -> Markup:
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(chart.labels))
    wide = min(46.0, slot * 0.72 / len(chart.series))
    made = []
    for number, one in enumerate(chart.series):
        for at, value in enumerate(one.values):
            x = _x(at, len(chart.labels)) + (number - len(chart.series) / 2) * wide
            made.append(_bar(x, wide, value, top, number))
    return _joined(made)


def _bar(x: float, wide: float, value: float | None, top: float, number: int) -> Markup:
    """A withheld figure is an empty, dashed column: not nothing, and not zero."""
    y = HEIGHT - BOTTOM - 24.0 if value is None else _y(value, top)
    return Markup('<rect class="{look}" x="{x}" y="{y}" width="{w}" height="{h}" rx="3"/>').format(
        look="withheld" if value is None else f"s{number % 6}",
        x=_round(x + 1),
        y=_round(y),
        w=_round(wide - 2),
        h=_round(HEIGHT - BOTTOM - y),
    )


def _lines(chart: Chart, top: float) -> Markup:
    return _joined(_line(one, len(chart.labels), top, number) for number, one in enumerate(chart.series))


def _line(series: Series, total: int, top: float, number: int) -> Markup:
    """Runs of known values; a gap in the values is a gap in the line."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(series.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_round(_x(at, total)), _round(_y(value, top))))
    drawn = (
        Markup('<polyline class="line s{n}" points="{points}"/>').format(
            n=number % 6, points=" ".join(f"{x},{y}" for x, y in run)
        )
        for run in runs
        if len(run) > 1
    )
    dots = (
        Markup('<circle class="s{n}" cx="{x}" cy="{y}" r="3.5"/>').format(n=number % 6, x=x, y=y)
        for run in runs
        for x, y in run
    )
    return _joined([*drawn, *dots])


def _pie(chart: Chart) -> Markup:
    values = [max(0.0, value or 0.0) for value in chart.series[0].values]
    whole = sum(values)
    radius, x, y = HEIGHT / 2 - 16, WIDTH / 2, HEIGHT / 2
    made, start = [], 0.0
    for at, value in enumerate(values):
        share = value / whole if whole else 0.0
        if share >= 0.9999:
            made.append(
                Markup('<circle class="slice s{n}" cx="{x}" cy="{y}" r="{r}"/>').format(n=at % 6, x=x, y=y, r=radius)
            )
        elif share > 0:
            path = _slice(x, y, radius, start, start + share)
            made.append(Markup('<path class="slice s{n}" d="{path}"/>').format(n=at % 6, path=path))
        start += share
    return _joined(made)


def _slice(x: float, y: float, radius: float, start: float, end: float) -> str:
    """A slice from ``start`` to ``end`` (shares of a turn, from twelve o'clock)."""
    x1, y1 = _round(x + radius * math.sin(start * FULL_TURN)), _round(y - radius * math.cos(start * FULL_TURN))
    x2, y2 = _round(x + radius * math.sin(end * FULL_TURN)), _round(y - radius * math.cos(end * FULL_TURN))
    return f"M{x},{y} L{x1},{y1} A{radius},{radius} 0 {int(end - start > 0.5)} 1 {x2},{y2} Z"


def _x(at: int, total: int) -> float:
    return LEFT + (at + 0.5) * (WIDTH - LEFT - RIGHT) / max(1, total)


def _y(value: float, top: float) -> float:
    return _round(HEIGHT - BOTTOM - max(0.0, value) / top * (HEIGHT - TOP - BOTTOM))


def _nice(value: float) -> float:
    """The next of 1, 2, 4, 5, 10 times a power of ten: the top of the axis."""
    if value < LEAST:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value)


def _round(value: float) -> float:
    return round(value, 1)


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
