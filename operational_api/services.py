"""What all requests share."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from focusflow.database.session import Database
from focusflow.mail import Mailer
from focusflow.settings import Settings
from models.registry import Serving


@dataclass(frozen=True, slots=True)
class Services:
    """Made when the API starts, passed to each request."""

    settings: Settings
    database: Database
    mailer: Mailer
    serving: Serving


async def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


Shared = Annotated[Services, Depends(services)]
