"""What a report email says and how it looks. The sender and the preview share it, so that the preview is the email to come."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from focusflow.clock import Period
from focusflow.settings import Settings
from focusflow.unsubscribe import Subscription, link
from reports.delivery.delivery_log import DeliveryLog
from reports.delivery.schedule import newest_due, upcoming
from reports.periods.builder import ReportBuilder
from reports.periods.content import REPORT, Report, build_report
from reports.periods.facts import Facts, NotComputed, User
from reports.recipients import Recipient
from reports.render import Email, Links, render_report

#: The states of a report whose email is still to come.
PENDING = ("due", "sending")


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes report emails. `build_report_of` turns facts into a report; `as_of` is the past moment that they are of, if any."""

    settings: Settings
    log: DeliveryLog
    facts: Callable[[User, Period], Facts]
    build_report_of: Callable[[Facts], Report]
    as_of: datetime | None = None

    def report(self, facts: Facts, kind: str) -> Report:
        """The report of these facts, with what the last email of this kind said and late data has changed since."""
        report = self.build_report_of(facts)
        last = self.log.before(facts.user.id, kind, facts.period, self.as_of)
        if last is None or last.content is None:
            return report
        said = REPORT.validate_python(last.content)
        try:
            whom = replace(facts.user, locale=said.locale)  # numbers are compared as they are written
            return report.correcting(said, build_report(self.facts(whom, last.period)))
        except NotComputed:  # that period is gone; this one is reported all the same
            return report

    def preview(self, to: Recipient, kind: str, now: datetime) -> tuple[Report, Email]:
        """The next email of this kind, from the numbers as they are now. What an attempt has fixed already stays as it is."""
        newest = self.log.newest_of(to.user.id, kind)
        period = upcoming(kind, to, now, newest.period.last if newest else None)
        if newest and newest.status in PENDING and period.last > newest_due(kind, to, now).last:
            period = newest.period
        row = self.log.of_key(to.user.id, kind, period.key)
        if row and row.status in PENDING and row.content:
            report = REPORT.validate_python(row.content)
        else:
            report = self.report(self.facts(to.user, period), kind)
        return report, self.email(report, to, kind)

    def email(self, report: Report, to: Recipient, kind: str) -> Email:
        return render_report(report, Links(self.unsubscribe(to, kind), self.settings.dashboard_address))

    def unsubscribe(self, to: Recipient, kind: str) -> str:
        return link(self.settings, Subscription(to.user.id, kind))


def composer(builder: ReportBuilder) -> Composer:
    """The composer of this installation."""
    return Composer(
        builder.settings, DeliveryLog(builder.database, builder.settings.mail_from), builder.facts, builder.report
    )
