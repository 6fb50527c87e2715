"""How much of what is reviewed should be remembered: an administrator's choice between fewer reviews and more recall."""

from __future__ import annotations

from bot.domain.people import Verb
from bot.domain.reviews import LEAST_RETENTION, MOST_RETENTION
from bot.errors import Refusal
from bot.features.lessons.learners import told
from bot.messages import clip
from bot.router import Answer, Command, Context, Needs


def aim(ctx: Context, words: str) -> Answer:
    """Without words what it is; with a percentage it is that from the next answer on. What is scheduled stays."""
    settings = ctx.store.people.settings()
    said = words.strip().removesuffix("%").strip()
    if not said:
        return told(ctx, "lessons.aim", percent=_percent(settings.retention), least=_LEAST, most=_MOST)
    if not (said.isascii() and said.isdecimal() and len(said) <= 3 and _LEAST <= int(said) <= _MOST):
        raise Refusal("lessons.aim_unknown", words=clip(words, 60), least=_LEAST, most=_MOST)
    ctx.store.people.change_settings(retention=int(said) / 100)
    return told(ctx, "lessons.aim_set", percent=int(said))


def _percent(share: float) -> int:
    return round(100 * share)


_LEAST, _MOST = _percent(LEAST_RETENTION), _percent(MOST_RETENTION)

COMMANDS = (
    Command(
        name="admin reviews",
        run=aim,
        needs=Needs.WRITE,
        summary="How much reviews aim to keep, 80 to 95 %",
        arguments="[percent]",
        examples=("admin reviews", "admin reviews 90"),
        verb=Verb.ADMINISTER,
    ),
)
