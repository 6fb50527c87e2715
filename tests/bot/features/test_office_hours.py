"""Office hours as people say them: open a window, see times, book with a question, be reminded, cancel."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from icalendar import Calendar

from adapters.calendar import ics
from bot.app import App
from bot.domain.conversation import FormSubmitted, Incoming, Place, Pressed, Removed, Typed
from bot.domain.deliveries import Outgoing
from bot.domain.people import Role
from bot.errors import Refusal
from bot.features.office_hours import FEATURE, commands, kinds, screens
from bot.features.office_hours.screens import zone_label
from bot.messages import Button, Buttons, Invite, Message, Text, plain
from bot.ports.people import Member
from bot.router import Answer, table
from content.texts import JinjaTexts
from storage.dialects import open_engine
from storage.ledger import deliveries, read
from storage.office_hours import booking
from storage.parts import Parts
from storage.schema import metadata
from storage.store import Inline, Store
from storage.tenancy import Accounts, Workspace, add_tenant, add_workspace, workspaces
from tests.contracts import reach
from tests.journeys import gallery

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 09:00 in Berlin
WINDOW: dict = {
    "days": ["1", "3"],
    "start": "14:00",
    "end": "15:00",
    "slot_minutes": "30",
    "topics": "drift, monitoring",
    "place": "https://call.example/ann",
    "capacity": "1",
    "buffer_minutes": "0",
    "notice_hours": "2",
    "horizon_days": "28",
    "most": "4",
}
QUESTION = "How do we notice *drift* early?"
PEOPLE = {"ann": "Europe/Berlin", "bob": "America/New_York", "cyd": "Asia/Kolkata"}


class Ignoring:
    def look_up(self, *_): ...
    def miss(self, *_): ...
    def active(self, *_): ...


class House:
    """One company, its three people, and a clock in the hand of the test."""

    def __init__(self, **window):
        engine = open_engine("sqlite://")
        metadata.create_all(engine)
        self.store = Store(engine, Inline(engine))
        self.now = MONDAY
        self._keys, ids = count(), count(1)

        def fill(conn):
            add_tenant(conn, "t", "Acme", "secret", MONDAY)
            add_workspace(conn, Workspace(id="w", tenant="t", platform="local", team="w", name="Acme"))
            people = Parts(conn, "t").people
            for name, zone in PEOPLE.items():
                people.add_member(Member(id=name, name=name.title(), zone=zone), MONDAY)
                people.add_account(f"a-{name}", "w", name, f"u-{name}", f"d-{name}")
            people.grant("ann", Role.HOST)

        self.store.transact(fill).result()
        self.app = App(
            table=table([FEATURE]),
            store=self.store,
            accounts=Accounts(lambda: self.store.look(workspaces).result()),
            catalogs=None,  # type: ignore[arg-type]
            texts=JinjaTexts(),
            tally=Ignoring(),
            ids=lambda: f"id{next(ids)}",
            fallback=lambda *_: Answer(),
        )
        if window is not None:
            self.submit("ann", "office_hours.window", {**WINDOW, **window})

    def does(self, who, event, key=None):
        place = Place(kind="direct", id=f"d-{who}")
        key = key or f"k{next(self._keys)}"
        incoming = Incoming(workspace="w", account=f"u-{who}", place=place, event=event, key=key)
        return gallery.see_all(self.app.handle(incoming, self.now).result())

    def say(self, who, text):
        return self.does(who, Typed(text)).inline

    def press(self, who, button):
        return self.does(who, Pressed(button.action, button.value))

    def submit(self, who, form, values, ref=""):
        return self.does(who, FormSubmitted(form, values, ref))

    def book(self, who, which=0, question=QUESTION):
        button = buttons(self.say(who, "hours"), "office_hours.book")[which]
        form = self.press(who, button).opens
        return self.submit(who, form.id, {"question": question}, form.ref)

    def rows(self, *kinds):
        found = self.store.look(lambda conn: [read(row) for row in conn.execute(deliveries())]).result()
        return [one for one in found if not kinds or one.kind in kinds]

    def sent(self, one):
        """What the drainer would send now: the reason not to, or the message."""

        def work(parts):
            context, kind = self.app.work(parts, self.now), self.app.table.kinds[one.kind]
            objection = kind.guard(context, [one]).get(one.id)
            return objection or kind.compose(context, [one])[one.id]

        made = self.store.read("t", work).result()
        return made if isinstance(made, str) else made.message

    def bookings(self):
        return self.store.look(lambda conn: conn.execute(booking.select()).all()).result()


@pytest.fixture
def house():
    return House()


def words(message: Message) -> str:
    return "\n".join(plain(block.spans) for block in message.blocks if isinstance(block, Text))


def buttons(message: Message, action: str) -> list[Button]:
    rows = [block.buttons for block in message.blocks if isinstance(block, Buttons)]
    return [one for row in rows for one in row if one.action == action]


def invite(message: Message) -> Invite:
    (found,) = [block for block in message.blocks if isinstance(block, Invite)]
    return found


# ---- seeing


def test_times_are_in_the_readers_zone_with_the_zones_name(house):
    shown = words(house.say("bob", "hours"))
    assert "08:00 to 08:30 EST with Ann, on drift, monitoring" in shown
    assert "18:30 to 19:00 IST with Ann" in words(house.say("cyd", "hours"))


def test_times_are_found_by_topic_and_host(house):
    assert "about drift" in words(house.say("bob", "hours drift"))
    assert "about ANN" in words(house.say("bob", "book ANN"))
    assert "No open times about privacy" in words(house.say("bob", "hours privacy"))


def test_nobody_is_offered_their_own_times(house):
    assert "No open times" in house.say("ann", "hours").summary


def test_more_times_are_one_press_away():
    house = House(days=list("0123456"))
    first = house.say("bob", "hours drift")
    assert len(buttons(first, "office_hours.book")) == 12
    second = house.press("bob", buttons(first, "office_hours.more")[0]).inline
    shown = {one.value for one in buttons(first, "office_hours.book")}
    assert not shown & {one.value for one in buttons(second, "office_hours.book")}


def test_days_off_are_not_offered(house):
    house.store.write("t", lambda parts: parts.people.add_day_off(MONDAY.date() + timedelta(days=1))).result()
    assert "Thu" in buttons(house.say("bob", "hours"), "office_hours.book")[0].label


@pytest.mark.parametrize("value", ["", "x", "|", "-1|", "99999999|", "1|" + "x" * 190])
def test_odd_values_do_no_harm(house, value):
    assert house.does("bob", Pressed("office_hours.more", value)).inline.summary
    for action in ("office_hours.book", "office_hours.cancel"):
        with pytest.raises(Refusal, match="gone"):
            house.does("bob", Pressed(action, value))


# ---- booking


def test_booking_tells_both_sides(house):
    answer = house.book("bob")
    assert "Booked: Tue 24 Nov, 08:00 to 08:30 EST with Ann" in words(answer.inline)
    confirmed, told = house.rows("booking_confirmed", "booking_host")
    asker, host = house.sent(confirmed), house.sent(told)
    assert confirmed.member == "bob"
    assert told.member == "ann"
    assert "Tue 24 Nov, 14:00 to 14:30 CET" in words(host)
    assert QUESTION in words(host)
    assert "https://call.example/ann" in words(asker)
    assert buttons(asker, "office_hours.cancel")
    assert invite(asker) == invite(host)
    (event,) = Calendar.from_ical(ics(invite(asker))).events
    assert event.start == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert event["SEQUENCE"] == 0


def test_a_booked_time_is_gone_and_the_minutes_count(house):
    before = buttons(house.say("cyd", "hours"), "office_hours.book")[0]
    house.book("bob")
    assert before.value not in {one.value for one in buttons(house.say("cyd", "hours"), "office_hours.book")}
    answer = house.submit("cyd", "office_hours.question", {"question": QUESTION}, before.value)
    assert "not free any more" in answer.inline.summary
    assert QUESTION in answer.inline.blocks[1].spans[-1].text
    assert len(house.bookings()) == 1


@pytest.mark.parametrize("question", ["", "Too short", "x" * 501])
def test_the_question_has_a_length(house, question):
    assert "question" in house.book("bob", question=question).errors
    assert house.bookings() == []


def test_the_same_submission_twice_books_once(house):
    ref = buttons(house.say("bob", "hours"), "office_hours.book")[0].value
    event = FormSubmitted("office_hours.question", {"question": QUESTION}, ref)
    house.does("bob", event, key="same")
    house.does("bob", event, key="same")
    again = house.does("bob", event)
    assert "another booking at that time" in again.inline.summary
    assert len(house.bookings()) == 1


def test_a_made_up_slot_is_not_sold(house):
    real = buttons(house.say("bob", "hours"), "office_hours.book")[0].value
    window, _, start = real.partition(".")
    for ref in (f"{window}.{int(start) + 60}", f"{window}.99999999999", f"other.{start}", ""):
        answer = house.submit("bob", "office_hours.question", {"question": QUESTION}, ref)
        assert "Not booked" in answer.inline.summary
    assert house.bookings() == []


def test_one_person_holds_two_hours_at_most():
    house = House(end="18:00", slot_minutes="60", most="8")
    house.book("bob")
    house.book("bob")
    assert "120 minutes" in house.book("bob").inline.summary


def test_a_session_counts_its_places():
    house = House(capacity="3")
    house.book("bob")
    assert "(2 places left)" in words(house.say("cyd", "hours"))


def test_booking_is_counted_on_the_askers_day(house):
    house.book("bob")
    from storage.participation import participation

    rows = house.store.look(lambda conn: conn.execute(participation.select()).all()).result()
    assert [(row.member, row.day, row.bookings) for row in rows] == [("bob", MONDAY.date(), 1)]


# ---- reminders


def test_reminders_come_a_day_and_ten_minutes_before(house):
    house.book("bob")
    start = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    rows = house.rows("booking_reminder", "booking_reminder_host")
    day, minutes = start - timedelta(hours=24), start - timedelta(minutes=10)
    assert sorted((one.due_at, one.expires_at, one.member) for one in rows) == [
        (day, minutes, "ann"),
        (day, minutes, "bob"),
        (minutes, start, "ann"),
        (minutes, start, "bob"),
    ]
    texts = {one.member: words(house.sent(one)) for one in rows}
    assert "Tue 24 Nov, 14:00" in texts["ann"]
    assert "Tue 24 Nov, 08:00" in texts["bob"]


def test_booked_within_the_day_only_the_last_reminder_is_left(house):
    house.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    house.book("bob")
    assert len(house.rows("booking_reminder")) == 1


def test_a_session_reminds_its_host_once():
    house = House(capacity="3")
    house.book("bob")
    house.book("cyd")
    (_, last) = house.rows("booking_reminder_host")
    assert "for 2 people" in words(house.sent(last))
    assert len(house.rows("booking_reminder")) == 4


def test_a_reminder_after_the_start_is_not_sent(house):
    house.book("bob")
    house.now = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert {house.sent(one) for one in house.rows("booking_reminder", "booking_reminder_host")} == {"begun"}


# ---- cancelling


def cancel(house, who):
    return house.press(who, buttons(house.say(who, "bookings"), "office_hours.cancel")[0])


@pytest.mark.parametrize(("who", "other"), [("bob", "ann"), ("ann", "bob")])
def test_cancelling_frees_the_place_and_tells_the_other_side(house, who, other):
    house.book("bob")
    place = house.rows("booking_reminder_host")
    cancel(house, who)
    skipped = house.rows("booking_confirmed", "booking_host", "booking_reminder")
    assert {(one.state, one.reason) for one in skipped} == {("skipped", "cancelled")}
    assert {house.sent(one) for one in place} == {"cancelled"}
    told = {one.member: house.sent(one) for one in house.rows("booking_cancelled", "booking_cancelled_host")}
    assert f"{who.title()} has cancelled" in words(told[other])
    assert words(told[who]).startswith("Cancelled")
    for message in told.values():
        assert (invite(message).method, invite(message).sequence) == ("CANCEL", 1)
    assert house.book("cyd").inline.summary.startswith("Booked")


def test_rebooking_a_cancelled_time_has_words_and_reminders_of_its_own(house):
    house.book("bob")
    cancel(house, "bob")
    assert house.book("bob").inline.summary.startswith("Booked")
    ready = [one for one in house.rows("booking_confirmed", "booking_reminder") if one.state == "ready"]
    assert len(ready) == 3
    assert isinstance(house.sent(house.rows("booking_reminder_host")[-1]), Message)


def test_the_asker_cancels_until_the_cut_off_and_the_host_until_the_start(house):
    house.book("bob")
    (row,) = house.bookings()
    house.now = row.starts_at - timedelta(minutes=60)
    assert buttons(house.say("bob", "bookings"), "office_hours.cancel") == []
    with pytest.raises(Refusal, match="too_late"):
        house.does("bob", Pressed("office_hours.cancel", row.id))
    house.now = row.starts_at
    with pytest.raises(Refusal, match="started"):
        house.does("ann", Pressed("office_hours.cancel", row.id))
    house.now = row.starts_at - timedelta(seconds=1)
    assert cancel(house, "ann").inline.summary.startswith("Cancelled")
    with pytest.raises(Refusal, match="already"):
        house.does("ann", Pressed("office_hours.cancel", row.id))


def test_somebody_elses_booking_is_not_there(house):
    house.book("bob")
    with pytest.raises(Refusal, match="gone"):
        house.does("cyd", Pressed("office_hours.cancel", house.bookings()[0].id))
    assert "no bookings" in house.say("cyd", "bookings").summary
    assert [row.state for row in house.bookings()] == ["booked"]


# ---- hosting


def test_a_host_sees_and_closes_windows(house):
    shown = house.say("ann", "host")
    assert "Tue, Thu, 14:00 to 15:00 (Europe/Berlin)" in words(shown)
    house.book("bob")
    house.press("ann", buttons(shown, "office_hours.close")[0])
    assert "No open times" in house.say("cyd", "hours").summary
    assert len(house.bookings()) == 1
    assert buttons(house.press("ann", Button("x", "office_hours.bookings")).inline, "office_hours.cancel")


def test_only_a_host_opens_times(house):
    for event in (
        Typed("host"),
        Pressed("office_hours.add"),
        Pressed("office_hours.close", "id1"),
        FormSubmitted("office_hours.window", dict(WINDOW)),
    ):
        with pytest.raises(Refusal, match="forbidden"):
            house.does("bob", event)


def test_another_hosts_window_is_not_there(house):
    house.store.write("t", lambda parts: parts.people.grant("cyd", Role.HOST)).result()
    value = buttons(house.say("ann", "host"), "office_hours.close")[0].value
    with pytest.raises(Refusal, match="gone"):
        house.does("cyd", Pressed("office_hours.close", value))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", []),
        ("days", ["7"]),
        ("start", "soon"),
        ("end", "24:00"),
        ("end", "14:15"),
        ("slot_minutes", "25"),
        ("place", ""),
        ("place", "x" * 201),
        ("topics", "x" * 121),
        ("capacity", "0"),
        ("capacity", "51"),
        ("capacity", "1.5"),
        ("notice_hours", "-1"),
        ("most", "many"),
    ],
)
def test_what_is_wrong_with_a_window_is_said_at_its_field(house, field, value):
    answer = house.submit("ann", "office_hours.window", {**WINDOW, field: value})
    assert list(answer.errors) == [field]
    assert len(buttons(house.say("ann", "host"), "office_hours.close")) == 1


def test_an_empty_form_says_everything_at_once(house):
    answer = house.submit("ann", "office_hours.window", {})
    assert set(answer.errors) == {"days", "start", "end", "slot_minutes", "place"}


def test_there_is_an_end_to_windows(house):
    for _ in range(commands.WINDOWS_LIMIT - 1):
        house.submit("ann", "office_hours.window", dict(WINDOW))
    with pytest.raises(Refusal, match="too_many_windows"):
        house.submit("ann", "office_hours.window", dict(WINDOW))


def test_a_leavers_windows_are_not_offered(house):
    house.store.write("t", lambda parts: parts.people.leave("ann", MONDAY)).result()
    assert "No open times" in house.say("bob", "hours").summary


def test_another_company_sees_nothing(house):
    house.store.transact(lambda conn: add_tenant(conn, "other", "Other", "secret", MONDAY)).result()
    house.book("bob")

    (row,) = house.bookings()

    def look(parts):
        hours, later = parts.office_hours, MONDAY + timedelta(days=14)
        seen = hours.windows(), hours.ahead("bob", MONDAY), hours.holds({"ann", "bob"}, MONDAY, later)
        return [*seen, hours.window(row.office_window), hours.booking(row.id), hours.cancel(row.id, "bob", MONDAY)]

    assert all(house.store.write("t", look).result())
    assert not any(house.store.write("other", look).result())


# ---- small things


def test_a_zone_without_letters_is_said_as_an_offset():
    assert zone_label("Europe/Berlin", MONDAY) == "CET"
    assert zone_label("America/Sao_Paulo", MONDAY) == "UTC-03"
    assert zone_label("Pacific/Chatham", MONDAY) == "UTC+13:45"


def test_keys_are_revisions_and_never_instants(house):
    house.book("bob")
    (row,) = house.bookings()
    keys = {(one.kind, one.period) for one in house.rows() if one.subject == row.id}
    assert keys == {
        ("booking_confirmed", f"{row.id}+0"),
        ("booking_host", f"{row.id}+0"),
        ("booking_reminder", f"{row.id}+0-1440"),
        ("booking_reminder", f"{row.id}+0-10"),
    }


def test_every_kind_survives_a_booking_that_is_gone(house):
    for kind in kinds.KINDS:
        payload = {"host": "ann", "start": 0}
        new = Outgoing(kind=kind.name, subject="none", period="none", member="bob", payload=payload)
        house.store.write("t", lambda parts, new=new: parts.ledger.put([new], MONDAY)).result()
    for one in house.rows():
        made = house.app.table.kinds[one.kind].compose
        found = house.store.read("t", lambda parts, one=one, made=made: made(house.app.work(parts, MONDAY), [one]))
        assert found.result()[one.id].reason in {"gone", "cancelled"}


# ---- leaving


@pytest.mark.parametrize(
    ("goes", "stays", "kind"), [("ann", "bob", "booking_cancelled"), ("bob", "ann", "booking_cancelled_host")]
)
def test_whoever_goes_takes_their_bookings_along_and_the_others_are_told(house, goes, stays, kind):
    house.book("bob")
    house.book("cyd")
    house.does(goes, Removed())
    left = {one.member: one.state for one in house.bookings()}
    assert left == {"bob": "cancelled", "cyd": "cancelled" if goes == "ann" else "booked"}
    told = [one for one in house.rows("booking_cancelled", "booking_cancelled_host") if one.state == "ready"]
    assert {(one.kind, one.member) for one in told} >= {(kind, stays)}
    assert goes not in {one.member for one in told}
    message = house.sent(next(one for one in told if one.member == stays))
    assert goes.title() in words(message)
    assert invite(message).method == "CANCEL"
    open_ones = [
        one for one in house.rows("booking_reminder", "booking_host", "booking_confirmed") if one.state == "ready"
    ]
    assert {one.member for one in open_ones} <= ({"cyd", "ann"} if goes == "bob" else set())


def test_many_times_bookings_and_windows_are_in_reach_everywhere():
    """More than the six actions a card of Teams has: there each list is one select, elsewhere a row each."""
    house = House(start="08:00", end="18:00", most="15", days=["0", "1", "2", "3", "4"])
    times = house.say("bob", "hours")
    assert len(buttons(times, "office_hours.book")) == 12
    assert buttons(times, "office_hours.more")
    for at in range(7):
        house.submit("ann", "office_hours.window", {**WINDOW, "start": f"{at + 1:02}:00", "end": f"{at + 1:02}:30"})
        house.book(("bob", "cyd")[at % 2])
    hosted = house.say("ann", "bookings")
    windows = house.say("ann", "host")
    assert len(buttons(hosted, "office_hours.cancel")) > 6
    assert len(buttons(windows, "office_hours.close")) > 6
    for screen in (times, hosted, windows):
        reach.check(screen)


def test_more_bookings_than_a_screen_holds_are_one_press_away(monkeypatch):
    monkeypatch.setattr(screens, "BOOKINGS_SHOWN", 3)
    house = House()
    for who in ("bob", "cyd") * 2:
        house.book(who)
    first = house.say("ann", "bookings")
    (later,) = buttons(first, "office_hours.bookings")
    second = house.press("ann", later).inline
    seen = [one.value for screen in (first, second) for one in buttons(screen, "office_hours.cancel")]
    assert len(seen) == len(set(seen)) == len(house.bookings()) == 4
    assert not buttons(second, "office_hours.bookings")
    for odd in ("9" * 40, "-1", "x", "7"):
        assert house.say("ann", f"bookings {odd}") == first
