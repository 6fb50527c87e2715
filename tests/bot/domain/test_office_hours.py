"""Slots of a window, and who may book or cancel which."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import local_date, zone_named
from bot.domain.office_hours import (
    SLOT_LENGTHS,
    Booking,
    Hold,
    Offer,
    Outcome,
    Person,
    Slot,
    Window,
    fair,
    free_seat,
    is_about,
    judge,
    may_cancel,
    offers,
    open_days,
    read_slot_id,
    slot_at,
    slots,
    slots_on,
    weekdays,
    weekly,
)

ANN, BOB, CYD = Person("ann", "Ann"), Person("bob", "Bob"), Person("cyd", "Cyd")
EVERY_DAY = weekly(range(7))
# Days on which clocks change, or a whole date is missing: gaps and folds of 30, 60 and 1,440 minutes.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # at midnight
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # 30 minutes
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("Pacific/Chatham", date(2026, 4, 5)),
    ("Pacific/Apia", date(2011, 12, 30)),  # no such date
    ("America/Nuuk", date(2026, 3, 28)),  # just before midnight
]


def window(**values):
    usual = {"id": "w", "host": ANN, "zone": "UTC", "rule": EVERY_DAY, "first_day": date(2026, 1, 1)}
    return Window(**{**usual, "start": 600, "end": 720, "notice_hours": 0, "day_minutes": 24 * 60, **values})


def at(hour, minute=0, day=2):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def slot(start, one=None):
    return Slot(one or window(), start, start.date())


def hold(asker, start, one=None, seat=1):
    one = one or window()
    return Hold(one.host.id, asker, one.id, start, start + one.length, start.date(), seat, one.buffer)


def local(zone, instant):
    return instant.astimezone(zone_named(zone)).strftime("%H:%M")


# ---- slots


@given(
    st.sampled_from(CHANGES),
    st.integers(-1, 1),
    st.integers(0, 23 * 60),
    st.integers(15, 24 * 60 - 1),
    st.sampled_from(SLOT_LENGTHS),
    st.integers(0, 45),
)
def test_slots_never_overlap_nor_leave_their_window(change, shift, start, length, slot_minutes, buffer):
    zone, day = change
    end = min(start + length, 24 * 60 - 1)
    one = window(zone=zone, start=start, end=end, slot_minutes=slot_minutes, buffer_minutes=buffer)
    one_day = day + timedelta(days=shift)
    found = slots_on(one, one_day)
    for before, after in pairwise(found):
        assert before.end + one.buffer <= after.start
    for this in found:
        assert local_date(zone, this.start) == one_day
        for wall in (this.start.astimezone(zone_named(zone)), this.end.astimezone(zone_named(zone))):
            assert wall.date() == one_day
            # Where the clock goes back, the end may show less than the start.
            assert wall.hour * 60 + wall.minute <= end
        assert this.end - this.start == one.length


@given(st.sampled_from(CHANGES), st.sampled_from(SLOT_LENGTHS), st.integers(0, 45))
def test_slots_of_neighbouring_days_never_overlap(change, slot_minutes, buffer):
    zone, day = change
    one = window(
        zone=zone,
        start=0,
        end=1439,
        slot_minutes=slot_minutes,
        buffer_minutes=buffer,
        first_day=day - timedelta(days=9),
    )
    middle = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = slots(one, middle - timedelta(days=3), middle + timedelta(days=3))
    assert found == sorted(found, key=lambda this: this.start)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.sampled_from(CHANGES), st.integers(0, 22 * 60), st.sampled_from(SLOT_LENGTHS))
def test_a_slot_is_found_again_by_its_id(change, start, slot_minutes):
    zone, day = change
    one = window(zone=zone, start=start, end=start + 60, slot_minutes=slot_minutes, first_day=day)
    for this in slots_on(one, day):
        assert read_slot_id(this.id) == ("w", this.start)
        assert slot_at(one, this.start, this.start - timedelta(days=1)) == this


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)])
def test_wall_clock_times_stay_when_the_clocks_change(day):
    one = window(zone="Europe/Berlin", start=14 * 60, end=15 * 60)
    assert [local("Europe/Berlin", this.start) for this in slots_on(one, day)] == ["14:00", "14:30"]


def test_an_hour_that_does_not_exist_is_offered_once():
    one = window(zone="Europe/Berlin", start=60, end=4 * 60)
    found = [local("Europe/Berlin", this.start) for this in slots_on(one, date(2026, 3, 29))]
    assert found == ["01:00", "01:30", "03:00", "03:30"]


def test_an_hour_that_comes_twice_is_offered_the_first_time():
    one = window(zone="Europe/Berlin", start=2 * 60, end=3 * 60)
    assert [this.start.hour for this in slots_on(one, date(2026, 10, 25))] == [0, 0]  # UTC, still in summer time


def test_a_date_that_does_not_exist_has_no_slots():
    assert slots_on(window(zone="Pacific/Apia", first_day=date(2011, 1, 1)), date(2011, 12, 30)) == []


def test_the_rule_and_the_first_day_say_which_dates():
    one = window(rule=weekly([2, 0]), first_day=date(2026, 3, 4), last_day=date(2026, 3, 16))
    assert one.rule == "FREQ=WEEKLY;BYDAY=MO,WE"
    assert weekdays(one.rule) == [0, 2]
    days = open_days(one, date(2026, 3, 1), date(2026, 3, 31))
    assert [day.day for day in days] == [4, 9, 11, 16]


def test_a_single_date_is_a_rule_too():
    one = window(rule="FREQ=DAILY;COUNT=1", first_day=date(2026, 3, 4))
    assert open_days(one, date(2026, 3, 1), date(2026, 3, 31)) == [date(2026, 3, 4)]


def test_days_off_have_no_slots():
    found = slots(window(), at(0), at(0, day=4), {date(2026, 3, 2)})
    assert {this.day.day for this in found} == {3}


def test_a_slot_keeps_its_distance_to_the_next():
    found = slots_on(window(buffer_minutes=15), date(2026, 3, 2))
    assert [this.start for this in found] == [at(10), at(10, 45), at(11, 30)]


@pytest.mark.parametrize("text", ["", "w", "w.", ".1", "w.-1", "w.1.2", "w.1e9", "w.123456789012", "w.١٢", "w.1\n"])
def test_what_is_no_slot_id_is_nothing(text):
    assert read_slot_id(text) is None


def test_a_slot_far_away_is_not_looked_for():
    assert slot_at(window(), datetime(5000, 1, 1, tzinfo=UTC), at(9)) is None
    assert slot_at(window(), at(10, day=1), at(9)) is None


# ---- booking


def verdict(this, *holds, asker="bob", minutes=0, now=None, most=120):
    return judge(this, asker, holds, minutes, now or at(8), most)


def test_a_free_slot_may_be_booked():
    assert verdict(slot(at(10))) is Outcome.BOOKED


def test_nobody_books_themselves():
    assert verdict(slot(at(10)), asker="ann") is Outcome.OWN_SLOT


def test_the_notice_ends_booking():
    one = window(notice_hours=2)
    assert verdict(slot(at(10), one), now=at(8)) is Outcome.BOOKED
    assert verdict(slot(at(10), one), now=at(8, 1)) is Outcome.TOO_LATE
    assert verdict(slot(at(10)), now=at(10)) is Outcome.TOO_LATE


def test_a_full_slot_is_taken():
    assert verdict(slot(at(10)), hold("cyd", at(10))) is Outcome.TAKEN


def test_a_session_has_several_places():
    one = window(capacity=3)
    held = [hold("cyd", at(10), one, 1), hold("dee", at(10), one, 3)]
    assert free_seat(slot(at(10), one), held) == 2
    assert verdict(slot(at(10), one), *held) is Outcome.BOOKED
    assert verdict(slot(at(10), one), *held, hold("eve", at(10), one, 2)) is Outcome.TAKEN


def test_overlapping_windows_share_one_host():
    other = window(id="v", slot_minutes=60)
    assert verdict(slot(at(10)), hold("cyd", at(9, 30), other)) is Outcome.TAKEN
    assert verdict(slot(at(10)), hold("cyd", at(10), other)) is Outcome.TAKEN, "the same start, but another session"
    assert verdict(slot(at(10)), hold("cyd", at(9), other)) is Outcome.BOOKED


def test_the_longer_buffer_of_two_windows_counts():
    other = window(id="v", buffer_minutes=20)
    assert verdict(slot(at(10)), hold("cyd", at(9, 20), other)) is Outcome.TAKEN
    assert verdict(slot(at(10)), hold("cyd", at(9, 10), other)) is Outcome.BOOKED


def test_a_host_who_is_somebodys_guest_is_busy():
    elsewhere = window(id="v", host=CYD)
    assert verdict(slot(at(10)), hold("ann", at(10), elsewhere)) is Outcome.TAKEN


def test_an_asker_is_in_one_place_at_a_time():
    elsewhere = window(id="v", host=CYD)
    assert verdict(slot(at(10)), hold("bob", at(10, 15), elsewhere)) is Outcome.OVERLAPPING
    own = window(id="u", host=BOB)
    assert verdict(slot(at(10)), hold("cyd", at(9, 45), own)) is Outcome.OVERLAPPING
    assert verdict(slot(at(10), window(capacity=5)), hold("bob", at(10))) is Outcome.OVERLAPPING


def test_the_minutes_of_a_hosts_day_are_counted_once_a_session():
    one = window(capacity=3, day_minutes=60)
    held = [hold("cyd", at(10), one, 1), hold("dee", at(10), one, 2)]
    assert verdict(slot(at(11), one), *held) is Outcome.BOOKED
    assert verdict(slot(at(11), one), *held, hold("cyd", at(10, 30), one)) is Outcome.TAKEN
    assert verdict(slot(at(10), one), *held, hold("cyd", at(11), one)) is Outcome.BOOKED, "this session is on anyway"


def test_one_person_may_not_hold_too_many_minutes():
    assert verdict(slot(at(10)), minutes=90) is Outcome.BOOKED
    assert verdict(slot(at(10)), minutes=91) is Outcome.TOO_MANY


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(0, 5)), max_size=60), st.integers(1, 3))
def test_booking_what_is_judged_free_never_breaks_a_rule(wishes, capacity):
    """Wishes one after the other, on two overlapping windows of one host, against a plain model."""
    first = window(id="a", start=540, end=780, capacity=capacity)
    second = window(id="b", start=555, end=780, slot_minutes=45, buffer_minutes=5, capacity=capacity)
    all_slots = {False: slots_on(first, date(2026, 3, 2)), True: slots_on(second, date(2026, 3, 2))}
    held: list[Hold] = []
    for number, which, asker in wishes:
        this = all_slots[which][number % len(all_slots[which])]
        minutes = sum((one.end - one.start).seconds // 60 for one in held if one.asker == f"m{asker}")
        if verdict(this, *held, asker=f"m{asker}", minutes=minutes) is Outcome.BOOKED:
            held.append(hold(f"m{asker}", this.start, this.window, free_seat(this, held)))
    for one in held:
        for two in held:
            if one is two:
                continue
            overlaps = one.start < two.end and two.start < one.end
            is_same = (one.window, one.start) == (two.window, two.start)
            assert is_same or not overlaps, "the host is in one place"
            assert one.asker != two.asker or not overlaps
            assert not is_same or one.seat != two.seat
    assert all(1 <= one.seat <= capacity for one in held)


# ---- offers


def test_offers_leave_out_what_cannot_be_booked():
    mine, other = window(id="mine", host=BOB), window(id="w", notice_hours=3, horizon_days=1)
    found = offers([mine, other], [hold("cyd", at(11, 30), other)], "bob", at(8), at(0, day=9), {})
    assert [one.slot.start for one in found] == [at(11)]
    assert offers([other], [], "bob", at(8), at(0, day=9), {None: {date(2026, 3, 2)}}) == []


def test_offers_say_how_many_places_are_left():
    one = window(capacity=3, end=630)
    found = offers([one], [hold("cyd", at(10), one)], "bob", at(8), at(23), {})
    assert [this.left for this in found] == [2]


def test_hosts_come_in_turn_and_the_least_recently_booked_first():
    windows = [window(id=host.id, host=host) for host in (ANN, BOB, CYD)]
    found = [Offer(this, 1) for one in windows for this in slots_on(one, date(2026, 3, 2))[:2]]
    order = fair(found, {"ann": at(9, day=1), "cyd": at(8, day=1)})
    assert [one.slot.window.host.id for one in order] == ["bob", "cyd", "ann"] * 2
    assert [one.slot.start for one in order] == [at(10)] * 3 + [at(10, 30)] * 3


def test_windows_are_found_by_topic_and_host():
    one = window(topics="Monitoring, drift")
    assert is_about(one, "drift MONITORING")
    assert is_about(one, "ann")
    assert is_about(one, "")
    assert not is_about(one, "drift privacy")


# ---- cancelling


def booking(**values):
    usual = {"id": "b", "window": "w", "host": ANN, "asker": BOB, "start": at(10), "end": at(10, 30), "seat": 1}
    rest = {"question": "?", "place": "", "state": "booked", "sequence": 0, "changed_at": at(8)}
    return Booking(**{**usual, **rest, **values})


def test_the_asker_may_cancel_until_the_cut_off_and_the_host_until_the_start():
    assert may_cancel(booking(), "bob", at(8, 59), 60)
    assert not may_cancel(booking(), "bob", at(9), 60)
    assert may_cancel(booking(), "ann", at(9, 59), 60)
    assert not may_cancel(booking(), "ann", at(10), 60)
    assert not may_cancel(booking(state="cancelled"), "ann", at(8), 60)
