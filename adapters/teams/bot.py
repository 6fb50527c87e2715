"""Bot Framework's own vocabulary around our transport: middleware and turns are the library's, every call is ours.

The only module that imports botbuilder: it takes most of a second and 25 MiB, and stays out where Teams is not set up.
Its models lose fields and cost thirty times a plain dictionary; so the raw activity rides along in the turn's state,
and what is sent may be a dictionary.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from botbuilder.core import BotAdapter, TurnContext
from botbuilder.schema import Activity, ConversationReference, ResourceResponse
from typing_extensions import override

from adapters.teams.connector import Connector

Json = Mapping[str, Any]
RAW = "activity"


class CoachAdapter(BotAdapter):  # type: ignore[misc]  # the library has no types
    """Runs turns through the library's middleware; sends through our connector."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self._connector = connector

    async def turn(self, raw: Json, logic: Callable[[Json], Awaitable[None]]) -> None:
        """One activity. ``logic`` gets it as it came."""

        async def run(context: TurnContext) -> None:
            await logic(context.turn_state[RAW])

        context = TurnContext(
            self,
            Activity(type=raw["type"], id=raw.get("id"), channel_id=raw["channelId"], service_url=raw["serviceUrl"]),
        )
        context.turn_state[RAW] = raw
        await self.run_pipeline(context, run)

    @override
    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        raw = context.turn_state[RAW]
        service, conversation = raw["serviceUrl"], raw["conversation"]["id"]
        sent = [await self._connector.post(service, conversation, _plain(one)) for one in activities]
        return [ResourceResponse(id=id) for id in sent]

    @override
    async def update_activity(self, context: TurnContext, activity: Activity) -> None:
        raw = context.turn_state[RAW]
        await self._connector.put(raw["serviceUrl"], raw["conversation"]["id"], activity.id, _plain(activity))

    @override
    async def delete_activity(self, context: TurnContext, reference: ConversationReference) -> None:
        raise NotImplementedError("a message is replaced, never taken back")


def _plain(activity: Any) -> Json:
    return activity if isinstance(activity, dict) else dict(activity.serialize())
