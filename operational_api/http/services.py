"""The services that all requests share."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from focusflow.database.session import Database
from focusflow.mail import Mailer
from focusflow.settings import Settings
from models.serving.registry import Serving
from operational_api.security.fair_share import FairShare
from operational_api.security.identity_provider import IdentityProvider
from operational_api.security.quota import Quota
from reports.periods.builder import ReportBuilder, report_builder

#: How many account emails are sent at a time.
EMAIL_THREADS = 4


@dataclass(frozen=True)
class Services:
    """Created when the API starts, passed to each request."""

    settings: Settings
    database: Database
    mailer: Mailer
    serving: Serving
    quota: Quota
    fair_share: FairShare = field(default_factory=FairShare)
    email_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(EMAIL_THREADS))

    @cached_property
    def identity_provider(self) -> IdentityProvider:
        """Whose configuration is read by the first sign-in with it."""
        return IdentityProvider(self.settings)

    @cached_property
    def reports(self) -> ReportBuilder:
        """Created by the first request that needs it."""
        return report_builder(self.settings, self.database)


async def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


Shared = Annotated[Services, Depends(services)]
