"""One transaction's view of the store: every feature's part, bound to one tenant."""

from __future__ import annotations

from sqlalchemy import Connection, NestedTransaction

from storage.attention import Attention
from storage.cohorts import Cohorts
from storage.digest import Digests
from storage.dispatch import DispatchPart
from storage.doubts import Doubts
from storage.erasure import Erasure
from storage.glossary import Glossary
from storage.jobs import Jobs
from storage.ledger import Ledger
from storage.lessons import Lessons
from storage.linking import Linking
from storage.notices import Notices
from storage.office_hours import OfficeHours
from storage.participation import Participation
from storage.people import People
from storage.quiz import Quizzes
from storage.reviews import Reviews
from storage.troubles import Troubles


class Parts:
    """Implements ``bot.ports.store.Parts``. Adding a feature's part is one line here."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self.conn = conn
        self.tenant = tenant
        self.ledger = Ledger(conn, tenant)
        self.people = People(conn, tenant)
        self.dispatch = DispatchPart(conn, tenant)
        self.jobs = Jobs(conn, tenant)
        self.participation = Participation(conn, tenant)
        self.lessons = Lessons(conn, tenant)
        self.cohorts = Cohorts(conn, tenant)
        self.reviews = Reviews(conn, tenant)
        self.attention = Attention(conn, tenant)
        self.glossary = Glossary(conn, tenant)
        self.quiz = Quizzes(conn, tenant)
        self.office_hours = OfficeHours(conn, tenant)
        self.digest = Digests(conn, tenant)
        self.linking = Linking(conn, tenant)
        self.privacy = Erasure(conn, tenant)
        self.doubts = Doubts(conn, tenant)
        self.troubles = Troubles(conn, tenant)
        self.notices = Notices(conn, tenant)

    def savepoint(self) -> NestedTransaction:
        """Undo a part of the transaction alone: ``with parts.savepoint(): ...``."""
        return self.conn.begin_nested()

    @property
    def woken(self) -> bool:
        """Whether this transaction gave the drainer something to do."""
        return (
            self.ledger.woken or self.lessons.woken or self.attention.woken or self.doubts.woken or self.linking.woken
        )
