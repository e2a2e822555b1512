"""The services to which notifications can go, their addresses as Apprise writes them, and sending one message."""

import importlib
import logging
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from focusflow.errors import Invalid, Problem
from focusflow.outbound import OutboundFailed, OutboundPolicy

SCHEME = re.compile(r"([a-z]{2,10})://\S+", re.IGNORECASE)

#: What any service may be told in the query of an address. Everything else is refused: some parameters read files.
COMMON: Final = frozenset({"to", "format", "verify", "token", "priority", "mode"})


@dataclass(frozen=True, slots=True)
class Service:
    """A service, by the class of Apprise that speaks to it, and what else the query of its address may say."""

    label: str
    module: str
    plugin: str
    example: str
    arguments: frozenset[str] = frozenset()
    #: Addresses of web pages of the service that users copy there.
    pages: str | None = None

    @property
    def allowed(self) -> frozenset[str]:
        return COMMON | self.arguments


_NTFY = Service("ntfy", "ntfy", "NotifyNtfy", "ntfys://ntfy.example.com/topic", frozenset({"auth", "tags", "xtags"}))
_GOTIFY = Service("Gotify", "gotify", "NotifyGotify", "gotifys://gotify.example.com/token")
_MATRIX = Service("Matrix", "matrix", "NotifyMatrix", "matrixs://user:password@matrix.example.com/#room", frozenset({"msgtype", "version"}))  # fmt: skip
_JSON = Service("JSON", "custom_json", "NotifyJSON", "jsons://example.com/path")

#: By the scheme of the address. Schemes that run programs, read files or reach services of this machine are not among them.
SERVICES: Final = {
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "gotify": _GOTIFY,
    "gotifys": _GOTIFY,
    "tgram": Service("Telegram", "telegram", "NotifyTelegram", "tgram://bot-token/chat-id", frozenset({"silent", "topic", "thread"})),
    "slack": Service("Slack", "slack", "NotifySlack", "slack://token-a/token-b/token-c/#channel", pages="hooks.slack.com"),
    "discord": Service("Discord", "discord", "NotifyDiscord", "discord://webhook-id/webhook-token", frozenset({"thread"}), "discord.com"),
    "matrix": _MATRIX,
    "matrixs": _MATRIX,
    "pover": Service("Pushover", "pushover", "NotifyPushover", "pover://user-key@token", frozenset({"sound"})),
    "twilio": Service("Twilio SMS", "twilio", "NotifyTwilio", "twilio://sid:token@from/to", frozenset({"from", "sid"})),
    "json": _JSON,
    "jsons": _JSON,
}  # fmt: skip

NOT_TAKEN = "The service answered {}."
NOT_REACHED = "The service did not answer, or did not take the message. Look at the address and its tokens."


class BadAddress(Invalid):
    """This is not an address of a service that notifications can be sent to."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a service. Its text holds tokens: `masked` can be shown."""

    service: str
    masked: str
    plugin: Any = field(repr=False)


def read_address(text: str) -> Address:
    """An address as Apprise writes it, or the web address of a Slack or Discord webhook."""
    found = SCHEME.fullmatch(text.strip())
    scheme = found[1].lower() if found else ""
    host = _host(text) if scheme == "https" else None
    service = next((each for each in SERVICES.values() if host and each.pages == host), SERVICES.get(scheme))
    if service is None:
        known = ", ".join(f"{each}://" for each in SERVICES)
        raise BadAddress(f"The address should begin with one of {known}, or be that of a Slack or Discord webhook.")
    plugin_class = _plugin_class(service)
    parsed = _parsed(plugin_class, text.strip(), is_page=host is not None)
    if parsed is None:
        raise BadAddress(f"This is not an address of {service.label}. It looks like {service.example}.")
    query = {*parsed.get("qsd", {}), *(f"{sign}{name}" for sign in "+-:" for name in parsed.get(f"qsd{sign}", {}))}
    refused = {each for each in query if each not in service.allowed and not (service is _JSON and each[0] in "+-:")}
    if refused:
        raise BadAddress(f"The address cannot have the parameter {min(refused)}.")
    plugin = _plugin(plugin_class, parsed)
    if plugin is None:
        raise BadAddress(f"This is not an address of {service.label}. It looks like {service.example}.")
    return Address(service.label, _masked(service, scheme, plugin), plugin)


def send(address: Address, policy: OutboundPolicy, title: str, body: str) -> None:
    """Send one message. Raises a problem that says why it was not taken."""
    from reports.channels.guarded_requests import guarded

    with guarded(policy) as guard:
        is_taken = bool(address.plugin.notify(title=title, body=body or title))
    if not is_taken:
        raise OutboundFailed(NOT_TAKEN.format(guard.status) if guard.status and guard.status >= 300 else NOT_REACHED)


def _masked(service: Service, scheme: str, plugin: Any) -> str:
    """The server, where it is the user's own. All else in an address is a token, or can be: whoever knows a topic of ntfy can read it."""
    is_own = service in (_GOTIFY, _MATRIX, _JSON) or (service is _NTFY and plugin.mode == "private")
    port = f":{plugin.port}" if is_own and plugin.port else ""
    return f"{scheme}://{plugin.host}{port}/…" if is_own else f"{scheme}://…"


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


@cache
def _plugin_class(service: Service) -> Any:
    """Loaded when it is needed. What the library logs may hold tokens."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return getattr(importlib.import_module(f"apprise.plugins.{service.module}"), service.plugin)


def _parsed(plugin_class: Any, text: str, *, is_page: bool) -> dict[str, Any] | None:
    try:
        parsed: dict[str, Any] | None = (plugin_class.parse_native_url if is_page else plugin_class.parse_url)(text)
    except Problem:
        raise
    except Exception:  # noqa: BLE001 (whatever a parser of addresses stumbles over, the address is wrong)
        return None
    return parsed


def _plugin(plugin_class: Any, parsed: dict[str, Any]) -> Any:
    from apprise import AppriseAsset

    asset = AppriseAsset(
        async_mode=False,
        storage_mode="memory",
        app_id="FocusFlow",
        app_desc="FocusFlow",
        app_url="",
        image_url_mask=None,
        image_url_logo=None,
        http_redirects=False,
    )
    try:
        return plugin_class(**parsed, asset=asset)
    except TypeError:  # how Apprise refuses what it was given
        return None
