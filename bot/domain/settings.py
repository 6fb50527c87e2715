"""What a company can set for itself; every value has a default that works."""

from __future__ import annotations

import msgspec

from bot.domain.reviews import LEAST_RETENTION, MOST_RETENTION, RETENTION

LEAST_GROUP, MOST_GROUP = 4, 50  # people: what the group floor may be set to


class TenantSettings(msgspec.Struct, frozen=True):
    """Stored as JSON with the tenant; unknown keys of a newer version are ignored."""

    group_floor: int = 5  # k: no figures about fewer people than this, not counting the reader
    quiz_open: tuple[int, int] = (1, 600)  # weekday (0 Monday) and minute of the day, in the channel's zone
    quiz_close: tuple[int, int] = (3, 960)
    quiz_pick_floor: int = 10  # answers needed before picks per option are shown
    digest_time: tuple[int, int] = (1, 570)
    booking_cutoff: int = 60  # minutes before the start until which an asker may cancel; a host may until the start
    booking_minutes: int = 120  # most minutes of office hours one person may have ahead of them
    retention: float = RETENTION  # the share of reviews that should succeed
    values: dict[str, str] = {}  # the company's words for the pack's variables

    def __post_init__(self) -> None:
        if self.group_floor < LEAST_GROUP or self.quiz_pick_floor < 5:
            raise ValueError("the group floor is at least 4 and the pick floor at least 5")
        if not LEAST_RETENTION <= self.retention <= MOST_RETENTION:
            raise ValueError("reviews aim at 80 to 95 %")
