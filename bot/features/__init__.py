"""The features, in the order people are shown them."""

from __future__ import annotations

from bot.features import guide
from bot.router import Feature

FEATURES: tuple[Feature, ...] = (guide.FEATURE,)
