"""Charts for Slack's ``data_visualization`` block (no SDK model yet, so plain dictionaries).

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block: every series has exactly one finite value for
every category, labels have at most 20 characters and are unique, pie segments are above zero. What cannot be drawn
truthfully under these rules is not drawn: the words of the chart stand below it anyway.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from adapters.slack import limits
from bot.domain.wording import one_line
from bot.messages import Chart, Series, clip

Json = dict[str, Any]


def native(chart: Chart) -> Json | None:
    """The block, or ``None`` where Slack would refuse it or the picture would mislead."""
    drawn = _pie(chart) if chart.kind == "pie" else _axes(chart)
    if drawn is None:
        return None
    title = one_line(chart.title) or one_line(chart.text)
    return {"type": "data_visualization", "title": clip(title, limits.CHART_TITLE), "chart": drawn}


def _pie(chart: Chart) -> Json | None:
    if len(chart.series) != 1:
        return None
    slices = [(label, value) for label, value in zip(_labels(chart), chart.series[0].values, strict=True) if value]
    values = [value for _, value in slices]
    if not 1 <= len(slices) <= limits.CHART_SEGMENTS or not all(isfinite(value) and value > 0 for value in values):
        return None
    return {"type": "pie", "segments": [{"label": label, "value": value} for label, value in slices]}


def _axes(chart: Chart) -> Json | None:
    """A gap in a line would be closed by the next point, which tells a trend nobody measured: words only.

    Bars stand alone, so a category with a gap is left out.
    """
    names = [clip(one_line(one.name), limits.CHART_LABEL) for one in chart.series]
    labels = _labels(chart)
    whole = [at for at in range(len(labels)) if all(_known(one, at) for one in chart.series)]
    lost = len(whole) < len(labels) and chart.kind == "line"
    if lost or not whole or _twice(names) or _twice(labels) or not all(names) or not all(labels):
        return None
    series = [
        {"name": name, "data": [{"label": labels[at], "value": one.values[at]} for at in whole]}
        for name, one in zip(names, chart.series, strict=True)
    ]
    axis: Json = {"categories": [labels[at] for at in whole]}
    if chart.unit:
        axis["y_label"] = clip(one_line(chart.unit), limits.CHART_AXIS)
    return {"type": chart.kind, "series": series, "axis_config": axis}


def _labels(chart: Chart) -> list[str]:
    return [clip(one_line(label), limits.CHART_LABEL) for label in chart.labels]


def _known(series: Series, at: int) -> bool:
    value = series.values[at]
    return value is not None and isfinite(value)


def _twice(words: list[str]) -> bool:
    return len(set(words)) < len(words)
