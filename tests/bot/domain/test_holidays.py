"""Regions as people write them, and their public holidays."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.holidays import public_holidays, region_named


@pytest.mark.parametrize(
    ("said", "region"),
    [("de-be", "DE-BE"), ("DE BE", "DE-BE"), (" fr ", "FR"), ("US_CA", "US-CA"), ("debe", "DE-BE")],
)
def test_a_region_is_read_as_people_write_it(said, region):
    assert region_named(said) == region


@pytest.mark.parametrize("said", ["", "XX", "DE-XX", "Germany", "DE-BE-BE", "<script>", "D\u0130"])
def test_what_has_no_calendar_is_no_region(said):
    assert region_named(said) is None


@given(st.text(max_size=12))
def test_no_words_break_it(words):
    found = region_named(words)
    assert found is None or region_named(found) == found


def test_holidays_are_those_of_the_part_of_the_country():
    berlin, bavaria = public_holidays("DE-BE", 2026), public_holidays("DE-BY", 2026)
    assert date(2026, 3, 8) in berlin
    assert date(2026, 3, 8) not in bavaria
    assert date(2026, 1, 6) in bavaria
    assert all(day.year == 2026 and name for day, name in berlin.items())


def test_a_region_without_a_calendar_is_an_error():
    with pytest.raises(ValueError, match="Atlantis"):
        public_holidays("Atlantis", 2026)
