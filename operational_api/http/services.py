"""The services that all requests share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Protocol
from uuid import UUID

from anyio import CapacityLimiter
from fastapi import Depends, Request

from focusflow.clock import Period
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.mail import Mailer
from focusflow.settings import Settings
from models.serving.registry import Serving
from operational_api.security.fair_share import FairShare
from operational_api.security.identity_provider import IdentityProvider
from operational_api.security.quota import Quota
from reports.periods.builder import ReportBuilder, report_builder
from reports.periods.content import Report
from reports.periods.facts import User

#: How many account emails are sent at a time.
EMAIL_THREADS = 4


class NoHistory(Unavailable):
    """This server was started without the pipeline's code, so it cannot look at the past."""


class History(Protocol):
    """The past as of any moment. Whoever starts the API passes the pipeline's."""

    def explain(self, metric: str, user_id: UUID, day: date, as_of: datetime) -> Mapping[str, Any]:
        """A figure of a local day with its definition, SQL and input rows."""

    def scores(self, user_id: UUID, day: date, as_of: datetime) -> tuple[list[dict[str, Any]], int]:
        """The scores of the tasks that were open, and how many events came too late for them."""

    def report(
        self, user: User, period_of: Callable[[User, date], Period], as_of: datetime, kind: str | None = None
    ) -> tuple[Report, int]:
        """A report as it was then, and how many events came too late for it."""


@dataclass(frozen=True)
class Services:
    """Created when the API starts, passed to each request."""

    settings: Settings
    database: Database
    mailer: Mailer
    serving: Serving
    quota: Quota
    history_of: Callable[[ReportBuilder], History] | None = None
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

    @cached_property
    def history(self) -> History:
        """Created by the first request that needs it. Raises `NoHistory`."""
        if self.history_of is None:
            raise NoHistory
        return self.history_of(self.reports)


async def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


Shared = Annotated[Services, Depends(services)]
