"""One report as HTML, plain text and JSON, all from the same content; and the smaller mails beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from focusflow.clock import zone
from reports import locales
from reports.periods.content import Part, Report

MAILS = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("mails")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a mail is made of, and the same for apps."""

    subject: str
    text: str
    html: str
    json: bytes


@dataclass(frozen=True, slots=True)
class Links:
    """Where a mail leads: into the app, to where one chooses, and to its end where it is one of many. A report that is no mail has none."""

    unsubscribe: str | None
    app: str

    @property
    def preferences(self) -> str:
        """Where one chooses."""
        return f"{self.app}/settings"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told beside reports: a sentence, what a person wrote themselves, and parts like those of a report."""

    lead: str
    body: str = ""
    parts: tuple[Part, ...] = ()


def rendered(report: Report, links: Links | None = None) -> Rendered:
    as_of = locales.moment(report.as_of.astimezone(zone(report.timezone)), report.locale)
    values = {"report": report, "title": report.label, "links": links, "as_of": as_of}
    return _rendered("weekly", values, orjson.dumps(report, option=orjson.OPT_INDENT_2))


def noticed(notice: Notice, title: str, name: str, links: Links) -> Rendered:
    return _rendered("notice", {"notice": notice, "title": title, "name": name, "links": links}, b"")


def _rendered(mail: str, values: Mapping[str, Any], json: bytes) -> Rendered:
    subject, text, html = (
        MAILS.get_template(f"{mail}/{name}").render(values) for name in ("subject.txt", "body.txt", "body.html")
    )
    return Rendered(" ".join(subject.split()), text, html, json)
