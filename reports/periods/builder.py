"""Makes reports: facts, what is told by name, and words. One maker for the sender and for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from focusflow import clock, locales
from focusflow.clock import Period
from focusflow.database.session import Database
from focusflow.i18n import gettext, mark
from focusflow.lake.session import Session
from focusflow.lake.tables import Lake
from focusflow.settings import Settings
from reports.insights.accounts import Accounts, plan_call
from reports.insights.local import by_rule
from reports.insights.plan import of_plan
from reports.insights.writer import Remark, Topic, Writer, Written, topic_of, written
from reports.periods.content import Report, build_report
from reports.periods.details import Details, gather_details
from reports.periods.facts import Facts, User, gather
from reports.periods.past_details import gather_past_details

#: What a report says where a service is set up and its text was not used. The reason is for the operator: `focusflow doctor`.
NOT_USED = mark("The suggestions were written by rule: the text of the language model could not be used.")


@dataclass(frozen=True)
class ReportBuilder:
    """What it takes to make a report."""

    settings: Settings
    database: Database
    lake: Lake
    service: Writer | None

    def facts(self, user: User, period: Period) -> Facts:
        return gather(self.lake, self.settings.buckets, user, period)

    def words(self, facts: Facts, kind: str = "insights") -> Written:
        return written(topic_of(facts, kind), self.service, lambda: by_rule(facts))

    def words_of_plan(
        self, user_id: UUID, timezone: str, numbers: Mapping[str, float], locale: str
    ) -> tuple[Written, Topic]:
        topic = Topic("plan words", "plan", user_id, timezone, "day", numbers, {})
        return written(topic, self.service, lambda: of_plan(numbers, locale)), topic

    def keep_plan(self, topic: Topic, plan: Mapping[str, Any]) -> UUID:
        """Keep a plan that somebody asked for; under its own kind, it is told as an event."""
        return Accounts(self.database, self.settings).record(replace(topic, kind="plan"), plan_call(plan))

    def report(self, facts: Facts) -> Report:
        """All that there is to tell. An empty time gets its one line and no words about it; one that still runs also says what to begin with."""
        if facts.is_empty and not facts.is_running:
            return build_report(facts)
        is_latest = _is_latest(facts, clock.now())
        return self._of(
            facts, gather_details(self.database, facts.user, facts.period, is_latest=is_latest, now=facts.as_of)
        )

    def past_report(self, session: Session, facts: Facts) -> Report:
        """The same from a lake that holds the user as of a past moment, with the suggestions by rule: what a service would have written then
        cannot be written again.
        """
        if facts.is_empty and not facts.is_running:
            return build_report(facts)
        is_latest = _is_latest(facts, facts.as_of)
        details = gather_past_details(
            self.lake, session, self.database, facts.user, facts.period, is_latest=is_latest, now=facts.as_of
        )
        return replace(self, service=None)._of(facts, details)  # noqa: SLF001 (of its own class)

    def _of(self, facts: Facts, details: Details) -> Report:
        if facts.is_empty:
            return build_report(facts, details)
        words = self.words(facts)
        remarks = words.insights.suggestions
        if words.by == "service":  # what the local writer observes are the numbers that stand above it already
            remarks = [
                Remark(text=locales.localised(each.text, facts.user.locale), evidence=each.evidence)
                for each in (*words.insights.observations, *remarks)
            ]
        with locales.using(facts.user.locale):
            note = gettext(NOT_USED) if words.reason else ""
        return build_report(facts, details, remarks, note)


def _is_latest(facts: Facts, now: datetime) -> bool:
    """Whether there is no later whole period."""
    today = clock.local_date(now, facts.user.timezone)
    return facts.period.last >= today - timedelta(days=facts.period.days)


def report_builder(settings: Settings, database: Database) -> ReportBuilder:
    return ReportBuilder(settings, database, Lake.of(settings), _service(settings, Accounts(database, settings)))


def _service(settings: Settings, accounts: Accounts) -> Writer | None:
    if not settings.has_ai_service:
        return None
    from reports.insights.service import service  # its library takes as long to load as all else

    return service(settings, accounts)
