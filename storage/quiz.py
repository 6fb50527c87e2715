"""Rows of quiz."""

from __future__ import annotations

from sqlalchemy import Connection


class Quizzes:
    """Implements ``bot.ports.quiz.Quizzes``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
