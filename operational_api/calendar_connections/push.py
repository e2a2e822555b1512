"""What Google and Microsoft call when something changed in a calendar: the connection is synchronized soon. What changed, they do not say
here, and would not be believed: the synchronization asks.
"""

import hmac
import re
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Path, Query

from focusflow.calendar_providers import push_secret
from focusflow.database.session import Role
from focusflow.errors import NotFound
from operational_api.calendar_connections.routes import QUERIES
from operational_api.events.routes import Body
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute
from operational_api.http.services import Services, Shared

#: Not for others: the address is told to the providers.
open_router = APIRouter(prefix="/calendar/push", route_class=LenientRoute, include_in_schema=False)

#: The user and the connection.
SHAPE = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})")

VALIDATION_AT_MOST = 1000


class ChannelNotFound(NotFound):
    """No calendar is watched under this address."""


@open_router.post("/{ids}", status_code=202)
def take_notice(
    ids: Annotated[str, Path(max_length=100)],
    body: Body,
    shared: Shared,
    validation: Annotated[str | None, Query(alias="validationToken", max_length=VALIDATION_AT_MOST)] = None,
    channel_token: Annotated[str | None, Header(alias="X-Goog-Channel-Token")] = None,
) -> Rendered[Any]:
    """Have a connection synchronized, or confirm the address to Microsoft, which asks for its own text back."""
    found = SHAPE.fullmatch(ids)
    if found is None:
        raise ChannelNotFound
    if validation is not None:
        return Rendered(validation.encode(), 200, media_type="text/plain; charset=utf-8")
    user_id, connection_id = UUID(found[1]), UUID(found[2])
    if not _is_from_provider(shared, connection_id, [channel_token, *_client_states(body)]):
        raise ChannelNotFound
    with shared.database.transaction(Role.API, user_id) as tx:
        tx.run(QUERIES["notice"], {"id": connection_id, "now": tx.now})
    return Rendered(b"{}")


def _is_from_provider(shared: Services, connection_id: UUID, given: list[str | None]) -> bool:
    expected = [push_secret(key, connection_id) for key in shared.settings.keys]
    return any(
        hmac.compare_digest(each.encode(), secret.encode()) for each in given if each is not None for secret in expected
    )


def _client_states(body: bytes) -> list[str]:
    """The secrets that Microsoft sends in the body."""
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return []
    items = found.get("value") if isinstance(found, dict) else None
    states = (
        [each.get("clientState") for each in items or () if isinstance(each, dict)] if isinstance(items, list) else []
    )
    return [each for each in states if isinstance(each, str)]
