"""The form in which a host opens a weekly time, and what is made of it."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from bot.domain.calendar import DAY_NAMES
from bot.domain.office_hours import CAPACITY_LIMIT, SLOT_LENGTHS, Person, Window, weekly
from bot.messages import Form, FormField, MultiInput, NumberInput, Pick, SelectInput, Spans, TextInput, TimeInput, plain
from bot.router import Context, Values

PLACE_LIMIT = 200
TOPICS_LIMIT = 120
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::00)?")
_WHOLE = re.compile(r"([0-9]{1,4})(?:\.0+)?")


class Number(msgspec.Struct, frozen=True):
    """One number of the form: its field, label, hint, default and bounds (both included)."""

    name: str
    label: str
    hint: str
    value: int
    low: int
    high: int


NUMBERS = (
    Number("capacity", "Places per slot", "1 means a talk between two.", 1, 1, CAPACITY_LIMIT),
    Number("buffer_minutes", "Minutes between two slots", "", 0, 0, 120),
    Number("notice_hours", "Notice you need, in hours", "Later than this nobody can book.", 2, 0, 336),
    Number("horizon_days", "How many days ahead people can book", "", 28, 1, 90),
    Number("most", "Most slots booked in a day", "A slot counts once, however many people come.", 4, 1, 50),
)


def window_form(intro: Spans) -> Form:
    days = tuple(Pick(str(number), name) for number, name in enumerate(DAY_NAMES))
    lengths = tuple(Pick(str(one), f"{one} minutes") for one in SLOT_LENGTHS)
    numbers: tuple[FormField, ...] = tuple(
        NumberInput(name=one.name, label=one.label, hint=one.hint, value=one.value, low=one.low, high=one.high)
        for one in NUMBERS
    )
    return Form(
        id="office_hours.window",
        title="Weekly office hours",
        submit="Open",
        intro=intro,
        fields=(
            MultiInput(name="days", label="Days", options=days),
            TimeInput(name="start", label="From", value="14:00"),
            TimeInput(name="end", label="To", value="16:00"),
            SelectInput(name="slot_minutes", label="Length of a slot", options=lengths, value="30"),
            TextInput(
                name="topics",
                label="Topics",
                hint="Words people may look for.",
                required=False,
                max_length=TOPICS_LIMIT,
            ),
            TextInput(name="place", label="Place or call link", max_length=PLACE_LIMIT),
            *numbers,
        ),
    )


def read_window(ctx: Context, values: Values, id: str, host: Person, first_day: date) -> Window | dict[str, str]:
    """The window, or what is wrong by field name."""
    reader = _Reader(ctx, values)
    days = reader.days()
    start, end = reader.minute("start"), reader.minute("end")
    slot_minutes = reader.slot_minutes()
    topics = reader.words("topics", 0, TOPICS_LIMIT, "office_hours.topics_wrong")
    place = reader.words("place", 3, PLACE_LIMIT, "office_hours.place_wrong")
    numbers = {one.name: reader.number(one) for one in NUMBERS}
    if not reader.errors and start + slot_minutes > end:
        reader.refuse("end", "office_hours.too_short")
    if reader.errors:
        return reader.errors
    return Window(
        id=id,
        host=host,
        zone=host.zone,
        rule=weekly(days),
        first_day=first_day,
        start=start,
        end=end,
        slot_minutes=slot_minutes,
        topics=topics,
        place=place,
        capacity=numbers["capacity"],
        buffer_minutes=numbers["buffer_minutes"],
        notice_hours=numbers["notice_hours"],
        horizon_days=numbers["horizon_days"],
        # Kept in minutes, so that windows with slots of different lengths share one day fairly.
        day_minutes=numbers["most"] * slot_minutes,
    )


class _Reader:
    """Reads raw values; what is wrong is collected, so that a person sees all of it at once."""

    def __init__(self, ctx: Context, values: Values) -> None:
        self._ctx = ctx
        self._values = values
        self.errors: dict[str, str] = {}

    def refuse(self, name: str, key: str, **more: object) -> None:
        self.errors[name] = plain(self._ctx.say(key, **more))

    def _word(self, name: str) -> str:
        value = self._values.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def days(self) -> list[int]:
        value = self._values.get("days", [])
        given = [value] if isinstance(value, str) else value
        days = sorted({int(one) for one in given if one in {"0", "1", "2", "3", "4", "5", "6"}})
        if not days:
            self.refuse("days", "office_hours.days_missing")
        return days

    def minute(self, name: str) -> int:
        match = _TIME.fullmatch(self._word(name))
        if match is None:
            self.refuse(name, "office_hours.time_wrong")
            return 0
        return int(match[1]) * 60 + int(match[2])

    def slot_minutes(self) -> int:
        found = next((one for one in SLOT_LENGTHS if str(one) == self._word("slot_minutes")), 0)
        if not found:
            self.refuse("slot_minutes", "office_hours.length_wrong")
        return found

    def number(self, wanted: Number) -> int:
        match = _WHOLE.fullmatch(self._word(wanted.name) or str(wanted.value))
        if match is None or not wanted.low <= int(match[1]) <= wanted.high:
            self.refuse(wanted.name, "office_hours.number_wrong", low=wanted.low, high=wanted.high)
            return wanted.value
        return int(match[1])

    def words(self, name: str, low: int, high: int, key: str) -> str:
        found = " ".join(self._word(name).split())
        if not low <= len(found) <= high:
            self.refuse(name, key, limit=high)
        return found
