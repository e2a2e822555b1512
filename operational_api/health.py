"""Whether the API lives, whether it can work, its figures for Prometheus, and where to report a vulnerability."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field
from starlette.responses import Response

from focusflow import clock
from focusflow.errors import NotFound, StorageFull, Unavailable
from focusflow.security_txt import PATH as SECURITY_TXT
from focusflow.security_txt import security_txt
from operational_api.http.errors import problems
from operational_api.http.schema_base import Output
from operational_api.http.services import Services, services
from operational_api.metrics import collect

router = APIRouter(tags=["Operations"])

Shared = Annotated[Services, Depends(services)]


class Health(Output):
    """How the API is."""

    status: str = Field(examples=["ready"])


class Ready(Health):
    """That the API can work: `ready`, or `degraded` by what the warnings say."""

    warnings: list[str] = Field(description="What an operator should look at.", examples=[[]])


# Both answer in the event loop: the threads of requests may all be waiting.
@router.get("/health/live")
async def check_liveness() -> Health:
    """The process answers."""
    return Health(status="live")


@router.get("/health/ready", responses=problems(Unavailable, StorageFull))
async def check_readiness(request: Request) -> Ready:
    """The database answers and has the schema of this version, disks have room, and clocks agree. Answers within two seconds."""
    warnings = await request.app.state.readiness.check()
    return Ready(status="degraded" if warnings else "ready", warnings=warnings)


@router.get("/metrics", response_class=Response, include_in_schema=False)
def metrics(shared: Shared) -> Response:
    return Response(collect(shared.settings, shared.database), media_type=CONTENT_TYPE_LATEST)


@router.get(SECURITY_TXT, response_class=Response, include_in_schema=False)
def security_contact(shared: Shared) -> Response:
    text = security_txt(shared.settings, clock.now())
    if text is None:
        raise NotFound("This installation names no contact for vulnerabilities.")
    return Response(text, media_type="text/plain")
