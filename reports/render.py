"""Renders emails: each is a folder of `reports/mails` with a subject, a plain text and an HTML body. Reports are also rendered as JSON."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from focusflow import i18n, locales
from focusflow.clock import zone
from reports.periods.content import Part, Report

MAILS = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("mails")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MAILS.globals |= {"_": i18n.gettext, "language": i18n.language, "zip": zip}


#: The longest line that RFC 5322 recommends.
SUBJECT_LENGTH = 78

#: Characters that start a line, or change the direction of the text after them.
UNSAFE_IN_SUBJECT = re.compile("[\u2028-\u202e]")


@dataclass(frozen=True, slots=True)
class Email:
    """A rendered email."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of an email lead. `unsubscribe` is None for an email that has no subscription."""

    unsubscribe: str | None
    app: str

    @property
    def preferences(self) -> str:
        """The settings page where the user chooses notifications."""
        return f"{self.app}/settings?section=Notifications"


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of a notification: a sentence, text that the user wrote, and sections like those of a report."""

    lead: str
    body: str = ""
    parts: tuple[Part, ...] = ()


def render_email(template: str, /, **values: Any) -> Email:
    """Render the email of a folder in the language of the user. A variable that its templates use and `values` lacks is an error."""
    subject, text, html = (
        MAILS.get_template(f"{template}/{part}").render(values) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Email(subject_line(subject), text, html)


def render_report(report: Report, links: Links | None = None) -> Email:
    with locales.using(report.locale):
        as_of = locales.moment(report.as_of.astimezone(zone(report.timezone)))
        return render_email("report", report=report, title=report.label, links=links, as_of=as_of)


def render_notification(template: str, notice: Notice, title: str, name: str, links: Links) -> Email:
    return render_email(template, notice=notice, title=title, name=name, links=links)


def report_json(report: Report) -> bytes:
    return orjson.dumps(report, option=orjson.OPT_INDENT_2)


def plain_text(text: str) -> str:
    r"""A user's text as one line that no mail program takes for a link.

    >>> plain_text("Ada\r\nGo to https://evil.example/now, J.R. Smith")
    'Ada Go to https evil. example/now, J. R. Smith'
    """
    spaced = "".join(" " if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") else each for each in text)
    return " ".join(re.sub(r"\.(?=\w)", ". ", spaced.replace("://", " ")).split())


def subject_line(text: str) -> str:
    r"""Text as one line without control characters, of a length that every mail program shows.

    >>> subject_line("Due today:\r\nBcc: x@example.com\x00")
    'Due today: Bcc: x@example.com'
    >>> len(subject_line("a" * 100))
    78
    """
    spaced = UNSAFE_IN_SUBJECT.sub(" ", text)
    spaced = "".join(" " if unicodedata.category(each) in ("Cc", "Cs") else each for each in spaced)
    line = " ".join(spaced.split())
    return line if len(line) <= SUBJECT_LENGTH else f"{line[: SUBJECT_LENGTH - 1].rstrip()}…"
