"""Plain pages of one form each, before the dashboard: escaped here, without any script but what a field asks for."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.auth.headers import policy_of_form
from focusflow.i18n import gettext as _
from focusflow.i18n import language

PAGE = Path(__file__).with_name("form.html").read_text(encoding="utf-8")
PLACEHOLDER = re.compile(r"\{(language|title|heading|lead|action|method|button|problem|fields|after)\}")
SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)
FORM_BYTES = 4096


class TooLong(ValueError):
    """The form is larger than any filled in by hand."""


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a form, or a hidden value."""

    name: str
    label: str = ""
    type: str = "text"
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Form:
    """A page: what it is for, its fields, and what stands under it (HTML of our own). Its texts are marked, and translated as it is shown."""

    title: str
    action: str
    button: str
    fields: tuple[Field, ...]
    heading: str = "FocusFlow"
    lead: str = ""
    after: Callable[[], str] = str
    method: str = "post"

    def page(self, problem: str = "", status: int = 200, **values: str) -> HTMLResponse:
        after = self.after()
        parts = {
            "language": language(),
            "title": _(self.title),
            "heading": _(self.heading),
            "lead": _(self.lead),
            "action": self.action,
            "method": self.method,
            "button": _(self.button),
            "problem": f'<p class="problem" role="alert">{html.escape(_(problem))}</p>' if problem else "",
            "fields": "\n    ".join(
                _line(field, values.get(field.name, ""), has_focus=field is self.fields[0]) for field in self.fields
            ),
            "after": after,
        }
        shown = PLACEHOLDER.sub(
            lambda each: parts[each[1]], PAGE
        )  # in one pass: a value that names a placeholder stays as it is
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
        headers["Content-Security-Policy"] = policy_of_form(SCRIPT.findall(after))
        return HTMLResponse(shown, status, headers)


def _line(field: Field, value: str, *, has_focus: bool) -> str:
    kept = html.escape(value, quote=True)
    if field.type == "hidden":
        return f'<input type="hidden" id="{field.name}" name="{field.name}" value="{kept}">'
    shown = "" if field.type == "password" else f' value="{kept}"'
    return (
        f'<label for="{field.name}">{html.escape(_(field.label), quote=False)}</label>\n    <input id="{field.name}" name="{field.name}" type="{field.type}"'
        f' autocomplete="{field.autocomplete}" required{shown}{" autofocus" if has_focus else ""}>'
    )


async def filled_in(request: Request) -> dict[str, str]:
    """The submitted values. Anybody may send a form, so what is too long is not kept in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise TooLong
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def address_of(request: Request) -> str | None:
    """The network address of the browser."""
    return request.client.host if request.client else None


def is_same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of this host. Browsers always say so with a POST."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
