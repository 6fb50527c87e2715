"""The glossary: ``define`` in three depths, browsing, search over the pack, and suggestions for what is missing."""

from __future__ import annotations

from bot.features.glossary import editors
from bot.features.glossary.commands import ACTIONS, COMMANDS, FORMS, TYPEAHEADS
from bot.features.glossary.facts import facts
from bot.features.glossary.kinds import SHARED
from bot.router import Feature

FEATURE = Feature(
    name="glossary",
    commands=[*COMMANDS, *editors.COMMANDS],
    actions=[*ACTIONS, *editors.ACTIONS],
    forms=[*FORMS, *editors.FORMS],
    typeaheads=list(TYPEAHEADS),
    kinds=[SHARED, editors.DECIDED],
    facts=facts,
)
