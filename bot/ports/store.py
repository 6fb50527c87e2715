"""The store as the core sees it: transactions, and one part a feature."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from bot.ports.attention import Attention
from bot.ports.cohorts import Cohorts
from bot.ports.digest import Digests
from bot.ports.doubts import Doubts
from bot.ports.glossary import Glossary
from bot.ports.jobs import Jobs
from bot.ports.ledger import Ledger
from bot.ports.lessons import Lessons
from bot.ports.linking import Linking
from bot.ports.notices import Notices
from bot.ports.office_hours import OfficeHours
from bot.ports.participation import Participation
from bot.ports.people import People
from bot.ports.privacy import Privacy
from bot.ports.quiz import Quizzes
from bot.ports.reviews import Reviews
from bot.ports.troubles import Troubles

T = TypeVar("T")


class Parts(Protocol):
    """Everything a feature may ask, bound to one tenant and one transaction."""

    @property
    def tenant(self) -> str: ...
    @property
    def people(self) -> People: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def participation(self) -> Participation: ...
    @property
    def lessons(self) -> Lessons: ...
    @property
    def cohorts(self) -> Cohorts: ...
    @property
    def reviews(self) -> Reviews: ...
    @property
    def attention(self) -> Attention: ...
    @property
    def glossary(self) -> Glossary: ...
    @property
    def quiz(self) -> Quizzes: ...
    @property
    def office_hours(self) -> OfficeHours: ...
    @property
    def digest(self) -> Digests: ...
    @property
    def linking(self) -> Linking: ...
    @property
    def privacy(self) -> Privacy: ...
    @property
    def doubts(self) -> Doubts: ...
    @property
    def troubles(self) -> Troubles: ...
    @property
    def notices(self) -> Notices: ...


class Store(Protocol):
    """Transactions. The future of a write is done after its commit; cancelling it before it began drops it unrun."""

    def write(self, tenant: str, work: Callable[[Parts], T], *, urgent: bool = True) -> Future[T]: ...

    def read(self, tenant: str, work: Callable[[Parts], T]) -> Future[T]: ...
