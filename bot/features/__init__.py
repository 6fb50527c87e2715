"""The features, in the order people are shown them."""

from __future__ import annotations

from bot.features import (
    cohorts,
    digest,
    doubts,
    glossary,
    guide,
    lessons,
    linking,
    notices,
    office_hours,
    privacy,
    quiz,
    settings,
    troubles,
    welcome,
)
from bot.router import Feature

FEATURES: tuple[Feature, ...] = (
    guide.FEATURE,
    welcome.FEATURE,
    lessons.FEATURE,
    glossary.FEATURE,
    quiz.FEATURE,
    office_hours.FEATURE,
    digest.FEATURE,
    settings.FEATURE,
    linking.FEATURE,
    cohorts.FEATURE,
    privacy.FEATURE,
    doubts.FEATURE,
    troubles.FEATURE,
    notices.FEATURE,
)
