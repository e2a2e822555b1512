"""What is kept how long: one list for the page of the documentation, for Settings, and for those who ask why something is gone."""

from dataclasses import dataclass
from typing import Final

from focusflow.i18n import gettext, ngettext
from focusflow.settings import Settings

DAYS, HOURS = "days", "hours"


@dataclass(frozen=True, slots=True)
class Rule:
    """For how long some data is kept: as a setting says, or always as long."""

    data: str
    setting: str | None = None
    always: str | None = None  # where there is no setting
    only_if: str = ""
    unit: str = DAYS
    is_personal: bool = True  # holds what users wrote or did, so Settings shows it to them

    def kept(self, settings: Settings) -> str:
        """How long this installation keeps it, in the language of who reads it.

        >>> Rule("events", "outbox_days").kept(Settings(_env_file=None))
        '3 days'
        """
        if self.setting is None:
            return gettext(self.always or "")
        amount = getattr(settings, self.setting)
        if not amount:
            return gettext("forever")
        if self.unit == HOURS:
            return ngettext("{n} hour", "{n} hours", amount)
        return ngettext("{n} day", "{n} days", amount)


RULES: Final = (
    Rule("account, entries, settings", always="until you delete them, or the account is erased"),
    Rule("events as they were received, in `raw/events`", "raw_days", only_if="silver has them, and nothing is lost or doubled"),
    Rule("a day of events in the outbox", "outbox_days", only_if="all of them have landed"),
    Rule("events that could not be parsed", "quarantine_days", only_if="raw has deleted them too"),
    Rule("activity that apps track, in `silver/events`, by the month", "activity_days", only_if="raw has deleted it too"),
    Rule("computed days, weeks and histories, without text", always="until the account is erased"),
    Rule("generated texts, plans, notifications, shown scores", "words_days", only_if="a notification is no longer upcoming"),
    Rule("deliveries to webhooks and channels; their content is deleted once they are delivered", "words_days", only_if="one is no longer waiting"),
    Rule("the text of a mailed report; the record that it was sent is kept", "report_days"),
    Rule("emails that were written to files, because no mail server is configured", "email_file_days"),
    Rule("sign-ins with device and network address, after they expired", "ended_sign_in_days"),
    Rule("links in emails, after they expired", always="7 days"),
    Rule("counts of sign-in attempts, answers to repeat for the same request, uploads that were imported", always="1 day"),
    Rule("entries of the audit log", "audit_days"),
    Rule("logs of requests and processes, at most 10 MB each", "log_days"),
    Rule("exports", "export_days"),
    Rule("rows that a query wrote to disk before it was killed", always="1 day"),
    Rule("files of old versions of tables in the lake", "lake_history_hours", unit=HOURS),
    Rule("runs and events of Dagster", "dagster_history_days", only_if="they are not the newest of a table, partition or check", is_personal=False),
)  # fmt: skip
