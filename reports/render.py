"""One report as HTML, plain text and JSON, all from the same content."""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from focusflow.clock import zone
from reports.weekly import Report

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
    """Where a mail leads: to its end, and to where one chooses. A report that is no mail has none."""

    unsubscribe: str
    preferences: str


def rendered(report: Report, links: Links | None = None) -> Rendered:
    values = {"report": report, "links": links, "as_of": report.as_of.astimezone(zone(report.timezone))}
    subject, text, html = (
        MAILS.get_template(f"weekly/{name}").render(values) for name in ("subject.txt", "body.txt", "body.html")
    )
    return Rendered(" ".join(subject.split()), text, html, orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))
