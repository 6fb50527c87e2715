"""What takes nothing more from us, read from the ledger on both databases: told once, and again only after it worked."""

from datetime import timedelta

from bot.domain.deliveries import ACCESS_REFUSED, PLACE_GONE, Outgoing
from storage import tenancy
from storage.tenancy import Workspace
from tests.storage.conftest import NOW

HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=3)


def fails(parts, period, reason, *, at=NOW, **to):
    row = called(parts, period, at, **to)
    parts.dispatch.end(row, "dead", reason)
    return row


def called(parts, period, at, **to):
    parts.ledger.put([Outgoing(kind="open", subject="x", period=period, due_at=at, **to)], at)
    (row,) = parts.dispatch.claim("w-acme", "me", at, 1)
    parts.dispatch.intend("me", [row], {})
    return row


def tell(parts, one):
    parts.ledger.put([Outgoing(kind="trouble", subject=one.id, period=str(one.first), member="ann")], NOW)
    parts.dispatch.end(parts.dispatch.claim("w-acme", "me", NOW, 1)[0], "skipped", "enough")


def test_a_channel_that_is_gone_is_told_once_and_again_after_it_took_something(parts, others):
    first = fails(parts, "1", f"{PLACE_GONE}: is_archived", place="ml")
    (one,) = parts.troubles.untold(LONG_AGO)
    assert (one.what, one.id, one.workspace, one.first, one.reason) == (
        "channel",
        "ml",
        "w-acme",
        first.id,
        "is_archived",
    )
    assert others.troubles.untold(LONG_AGO) == []
    tell(parts, one)
    fails(parts, "2", f"{PLACE_GONE}: is_archived", at=NOW + HOUR, place="ml")
    assert parts.troubles.untold(LONG_AGO) == []
    parts.dispatch.sent(called(parts, "3", NOW + 2 * HOUR, place="ml"), "m3", NOW)
    assert parts.troubles.untold(LONG_AGO) == []
    again = fails(parts, "4", f"{PLACE_GONE}: is_archived", at=NOW + 3 * HOUR, place="ml")
    assert [one.first for one in parts.troubles.untold(LONG_AGO)] == [again.id]
    assert parts.troubles.untold(NOW + 4 * HOUR) == []


def test_a_refused_token_concerns_the_workspace_and_other_reasons_nobody(parts):
    fails(parts, "1", "msg_too_long", place="ml")
    fails(parts, "2", f"{PLACE_GONE}: channel_not_found", member="ann")  # a person's own conversation
    assert parts.troubles.untold(LONG_AGO) == []
    fails(parts, "3", f"{ACCESS_REFUSED}: token_revoked", member="ann")
    fails(parts, "4", f"{ACCESS_REFUSED}: token_revoked", member="bob")
    (one,) = parts.troubles.untold(LONG_AGO)
    assert (one.what, one.id, one.reason) == ("workspace", "w-acme", "token_revoked")


def test_news_of_a_workspace_goes_around_it(parts):
    news = Outgoing(kind="trouble", subject="w-acme", period="1", member="ann", around="w-acme")
    assert parts.ledger.put([news], NOW) == 0  # she has no other address
    second = Workspace(id="w-second", tenant=parts.tenant, platform="teams", team="second", name="Second")
    tenancy.add_workspace(parts.conn, second)
    parts.people.add_account("a-second", "w-second", "ann", "29:ann", "d-second")
    assert parts.ledger.put([news], NOW) == 1
    found = parts.ledger.find(news.key)
    assert (found.workspace, found.address) == ("w-second", "d-second")
