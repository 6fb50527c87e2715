"""Charts as Teams extensions (Chart.Line, Chart.VerticalBar, Chart.Pie), each with a fallback for clients without them.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards. The words of a
chart stand below it in any case, so the fallback is its title alone and nothing is read twice.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from adapters.teams import limits
from adapters.teams.spans import escaped, label
from bot.domain.wording import one_line
from bot.messages import Chart, Series

Json = dict[str, Any]


def native(chart: Chart) -> Json | None:
    """The element, or ``None`` where the picture would mislead or show nothing."""
    drawn = _drawn(chart)
    if drawn is None:
        return None
    title = label(one_line(chart.title) or chart.text, limits.TITLE)
    shown = {"type": "TextBlock", "text": escaped(title), "weight": "Bolder", "wrap": True}
    return {**drawn, "title": title, "colorSet": "categorical", "fallback": shown}


def _drawn(chart: Chart) -> Json | None:
    if chart.kind == "line":
        return _lines(chart)
    if chart.kind == "bar" and len(chart.series) > 1:
        return _groups(chart)
    if len(chart.series) != 1:
        return None  # a pie shows one series
    points = _points(chart, chart.series[0])
    if chart.kind == "bar":
        return {"type": "Chart.VerticalBar", "data": points, **_axis(chart)} if points else None
    slices = [{"legend": point["x"], "value": point["y"]} for point in points]
    return {"type": "Chart.Pie", "data": slices} if any(one["value"] > 0 for one in slices) else None


def _lines(chart: Chart) -> Json | None:
    """A withheld figure in a line would be bridged by the client, which draws a trend nobody measured: words only."""
    if any(value is None or not isfinite(value) for one in chart.series for value in one.values):
        return None
    data = [{"legend": one_line(one.name), "values": _points(chart, one)} for one in chart.series]
    return {"type": "Chart.Line", "data": data, **_axis(chart)} if chart.labels else None


def _groups(chart: Chart) -> Json | None:
    data = [{"legend": one_line(one.name), "values": points} for one in chart.series if (points := _points(chart, one))]
    return {"type": "Chart.VerticalBar.Grouped", "data": data, **_axis(chart)} if data else None


def _points(chart: Chart, series: Series) -> list[Json]:
    return [
        {"x": one_line(name), "y": value}
        for name, value in zip(chart.labels, series.values, strict=True)
        if value is not None and isfinite(value)
    ]


def _axis(chart: Chart) -> Json:
    return {"yAxisTitle": one_line(chart.unit)} if chart.unit else {}
