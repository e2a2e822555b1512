"""A CalDAV server (RFC 4791, RFC 6578) over the outbound client: discovery, what changed, reading and writing of resources.

A redirect is followed here, not by the client: that would turn PROPFIND into GET, and send the password wherever it leads.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit
from uuid import UUID
from xml.etree import ElementTree as ET

from focusflow.contracts.calendar import CalendarSource
from focusflow.outbound import MAX_BYTES, OutboundClient, OutboundPolicy, OutboundResponse
from ingestion.calendars.connection import SyncFailed
from ingestion.calendars.http import failure_of
from ingestion.calendars.server import BATCH, Changes, Exists, Precondition, Refused, RemoteCalendar, Resource

DAV, CALDAV, SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"

NAMESPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'

#: One request, and all of a synchronization.
REQUEST_SECONDS, TOTAL_SECONDS = 30.0, 300.0

REDIRECTS = 5

#: What servers answer that do not know a report, or no longer the token.
UNSUPPORTED, EXPIRED = frozenset({400, 404, 405, 415, 422, 500, 501}), frozenset({403, 409, 410, 412})

SAFE = "/@:!$&'()*+,;=~"


class CalDavServer:
    """One account on a server."""

    source: CalendarSource = "caldav"
    omitted: frozenset[str] = frozenset()
    keeps_series = True
    account: str | None = None

    def __init__(
        self,
        client: OutboundClient,
        policy: OutboundPolicy,
        address: str,
        username: str,
        password: str,
    ) -> None:
        self._client, self._policy, self._address = client, policy, address
        self._login, self._until = (username, password), time.monotonic() + TOTAL_SECONDS
        self._host = urlsplit(address).hostname or ""
        self._checked: set[str] = set()

    # discovery

    def calendars(self) -> list[RemoteCalendar]:
        """The calendars of the account that hold appointments."""
        found = [
            calendar
            for home in self._homes()
            for response in self._propfind(home, CALENDAR_PROPERTIES, depth=1)
            if (calendar := _calendar(response)) is not None
        ]
        if not found:
            raise SyncFailed(f"{self._host} has no calendar for this account.")
        return list({each.id: each for each in found}.values())

    def _homes(self) -> list[str]:
        principal = self._principal()
        homes = [
            canonical(response.base, href)
            for response in self._propfind(principal, "<c:calendar-home-set/>")
            for href in response.hrefs(f"{CALDAV}calendar-home-set")
        ]
        if not homes:
            raise SyncFailed(f"{self._host} does not say where the calendars of this account are.")
        return homes

    def _principal(self) -> str:
        """Who the user is there: asked under the address, then at the well-known one, then at the root."""
        failure: SyncFailed | None = None
        for place in (self._address, urljoin(self._address, "/.well-known/caldav"), urljoin(self._address, "/")):
            try:
                responses = list(self._propfind(place, "<d:current-user-principal/>"))
            except SyncFailed as problem:
                if problem.answered in {401, 403, 429} or problem.answered is None:
                    raise
                failure = failure or problem
                continue
            for response in responses:
                for href in response.hrefs(f"{DAV}current-user-principal"):
                    return canonical(response.base, href)
        raise failure or SyncFailed(f"Under this address, {self._host} offers no calendars by CalDAV.")

    # what changed

    def changes(self, calendar: RemoteCalendar, state: Mapping[str, str], known: Mapping[str, bool]) -> Changes:  # noqa: ARG002
        """What changed since a state of an earlier call; all of it where the server cannot tell."""
        if "listed" not in state:
            try:
                return self._by_token(calendar, state.get("token", ""))
            except SyncFailed as problem:
                if problem.answered in EXPIRED and state.get("token"):
                    return self._by_token(calendar, "")
                if problem.answered not in UNSUPPORTED | EXPIRED:
                    raise
        if calendar.tag is not None and state.get("tag") == calendar.tag:
            return Changes(dict(state))
        listed = {
            response.href: etag
            for response in self._propfind(calendar.id, "<d:getetag/>", depth=1)
            if (etag := response.text(f"{DAV}getetag")) and not response.href.endswith("/")
        }
        new = {"listed": "yes"} | ({"tag": calendar.tag} if calendar.tag else {})
        return Changes(new, listed, is_full=True)

    def _by_token(self, calendar: RemoteCalendar, token: str) -> Changes:
        changes = Changes({}, is_full=not token)
        while True:
            body = (
                f"<d:sync-collection {NAMESPACES}><d:sync-token>{_escaped(token)}</d:sync-token>"
                "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
            )
            answer = self._request("REPORT", calendar.id, body, {"Depth": "0"})
            tree = _parsed(answer)
            is_cut = False
            for response in _responses(tree, answer.url):
                if response.href.rstrip("/") == calendar.id.rstrip("/"):
                    is_cut = is_cut or response.status == 507
                elif response.status in {404, 410}:
                    changes.changed.pop(response.href, None)
                    changes.removed.add(response.href)
                elif etag := response.text(f"{DAV}getetag"):
                    changes.removed.discard(response.href)
                    changes.changed[response.href] = etag
            following = (tree.findtext(f"{DAV}sync-token") or "").strip()
            if not following:
                raise SyncFailed(f"{self._host} answers without a sync token.", answered=501)
            if not is_cut or following == token:
                changes.state = {"token": following}
                return changes
            token = following

    # resources

    def fetch(self, calendar: str, hrefs: Sequence[str]) -> Iterator[Resource]:
        """The resources at these addresses. Those that are gone are left out."""
        for start in range(0, len(hrefs), BATCH):
            batch = hrefs[start : start + BATCH]
            paths = "".join(f"<d:href>{_escaped(urlsplit(href).path)}</d:href>" for href in batch)
            body = (
                f"<c:calendar-multiget {NAMESPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop>"
                f"{paths}</c:calendar-multiget>"
            )
            try:
                answer = self._request("REPORT", calendar, body, {"Depth": "1"})
            except SyncFailed as problem:
                if problem.answered not in UNSUPPORTED:
                    raise
                yield from filter(None, map(self.get, batch))
                continue
            for response in _responses(_parsed(answer), answer.url):
                content, etag = response.text(f"{CALDAV}calendar-data"), response.text(f"{DAV}getetag")
                if content and etag:
                    yield _resource(response.href, etag, content)

    def get(self, href: str) -> Resource | None:
        """One resource; None if it is gone."""
        answer = self._send("GET", href)
        if answer.status in {404, 410}:
            return None
        self._require(answer)
        return _resource(href, answer.headers.get("etag", ""), answer.body.decode("utf-8", "replace"))

    def create(self, calendar: str, event_id: UUID, content: str) -> Resource:
        href = own_href(calendar, event_id)
        try:
            return self.replace(Resource(href, "", "", event_id), content)
        except Precondition as error:
            raise Exists(href) from error

    def replace(self, known: Resource, content: str) -> Resource:
        condition = {"If-Match": known.etag} if known.etag else {"If-None-Match": "*"}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        answer = self._send("PUT", known.href, content.encode(), headers)
        if answer.status == 412 or (answer.status in {404, 410} and known.etag):
            raise Precondition
        if answer.status in {400, 403, 405, 409, 413, 415, 422}:
            raise Refused(f"the server refuses it ({answer.status})")
        self._require(answer)
        return _resource(known.href, str(answer.headers.get("etag", "")), content)

    def delete(self, known: Resource) -> None:
        answer = self._send("DELETE", known.href, headers={"If-Match": known.etag})
        if answer.status == 412:
            raise Precondition
        if answer.status in {403, 405}:
            raise Refused(f"the server does not let it be deleted ({answer.status})")
        if answer.status not in {404, 410}:
            self._require(answer)

    # requests

    def _propfind(self, url: str, properties: str, depth: int = 0) -> Iterator["_Response"]:
        body = f"<d:propfind {NAMESPACES}><d:prop>{properties}</d:prop></d:propfind>"
        answer = self._request("PROPFIND", url, body, {"Depth": str(depth)})
        yield from _responses(_parsed(answer), answer.url)

    def _request(self, method: str, url: str, body: str, headers: Mapping[str, str]) -> OutboundResponse:
        whole = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        answer = self._send(method, url, whole, {"Content-Type": "application/xml; charset=utf-8", **headers})
        self._require(answer)
        return answer

    def _require(self, answer: OutboundResponse) -> None:
        if not answer.is_success:
            raise failure_of(answer, self._host)

    def _send(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> OutboundResponse:
        for _ in range(REDIRECTS):
            self._check(url)
            left = self._until - time.monotonic()
            if left <= 0:
                raise SyncFailed(f"{self._host} is too slow: the synchronization goes on the next time.")
            answer = self._client.request(
                method,
                url,
                content=body,
                headers=dict(headers or {}),
                auth=self._login,
                follow_redirects=False,
                max_bytes=MAX_BYTES,
                total_seconds=min(REQUEST_SECONDS, left),
            )
            if answer.status not in {301, 302, 303, 307, 308} or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise SyncFailed(f"{self._host} redirects too often.")

    def _check(self, url: str) -> None:
        """The password goes to the host that the user named and its neighbors only, and over HTTPS unless an operator opened the network."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin in self._checked:
            return
        host = parts.hostname or ""
        if host != self._host and host.split(".")[-2:] != self._host.split(".")[-2:]:
            raise SyncFailed(f"{self._host} leads to {host}, which does not get your password.")
        if parts.scheme != "https":
            addresses = map(ip_address, self._policy.resolve(host, parts.port or 80))
            networks = self._policy.allowed_networks
            if not all(any(address in network for network in networks) for address in addresses):
                raise SyncFailed("A password is sent over https:// only.")
        self._checked.add(origin)


def own_href(calendar: str, event_id: UUID) -> str:
    """The address of an appointment that was made here. It follows from the id, so that a repetition meets what was written before."""
    return f"{calendar.rstrip('/')}/{event_id}.ics"


def _resource(href: str, etag: str, content: str) -> Resource:
    calendar, _, name = href.rpartition("/")
    try:
        own_id = UUID(name.removesuffix(".ics"))
    except ValueError:
        own_id = None
    is_own = own_id is not None and href == own_href(calendar, own_id)
    return Resource(href, etag, content, own_id if is_own else None)


CALENDAR_PROPERTIES = (
    "<d:resourcetype/><d:displayname/><c:supported-calendar-component-set/><d:current-user-privilege-set/><s:getctag/>"
)


@dataclass(frozen=True, slots=True)
class _Response:
    """What a multistatus answer says of one address."""

    base: str
    href: str
    status: int
    properties: Mapping[str, Any]

    def text(self, name: str) -> str:
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def hrefs(self, name: str) -> list[str]:
        found = self.properties.get(name)
        return [] if found is None else [each.text.strip() for each in found.iter(f"{DAV}href") if each.text]


def _responses(tree: ET.Element, base: str) -> Iterator[_Response]:
    for each in tree.iter(f"{DAV}response"):
        href = each.findtext(f"{DAV}href")
        if not href:
            continue
        properties = {
            found.tag: found
            for propstat in each.findall(f"{DAV}propstat")
            if _status(propstat.findtext(f"{DAV}status")) == 200
            for holder in propstat.findall(f"{DAV}prop")
            for found in holder
        }
        yield _Response(base, canonical(base, href.strip()), _status(each.findtext(f"{DAV}status")), properties)


def _status(line: str | None) -> int:
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 200


def _calendar(response: _Response) -> RemoteCalendar | None:
    kind = response.properties.get(f"{DAV}resourcetype")
    if kind is None or kind.find(f"{CALDAV}calendar") is None:
        return None
    components = response.properties.get(f"{CALDAV}supported-calendar-component-set")
    if components is not None and "VEVENT" not in {each.get("name", "").upper() for each in components}:
        return None
    privileges = response.properties.get(f"{DAV}current-user-privilege-set")
    writes = {f"{DAV}write", f"{DAV}write-content", f"{DAV}all", f"{DAV}bind"}
    is_read_only = privileges is not None and not any(each.tag in writes for each in privileges.iter())
    name = response.text(f"{DAV}displayname") or unquote(response.href.rstrip("/").rpartition("/")[2])
    return RemoteCalendar(response.href, name[:200], is_read_only, response.text(f"{SERVER}getctag") or None)


def _parsed(answer: OutboundResponse) -> ET.Element:
    """The document. One that declares entities is refused: they could unfold to any size."""
    try:
        if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
            raise SyncFailed("The server's answer cannot be read.")
        return ET.fromstring(answer.body)  # noqa: S314 (no entities, and expat bounds what they unfold to)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise SyncFailed("The server's answer cannot be read.", answered=answer.status) from error


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def canonical(base: str, href: str) -> str:
    """An address in one form, however the server escapes it.

    >>> canonical("https://dav.example.com/ada/", "/ada/my%2Bwork/%61.ics")
    'https://dav.example.com/ada/my+work/a.ics'
    """
    parts = urlsplit(urljoin(base, href))
    return urlunsplit((parts.scheme, parts.netloc, quote(unquote(parts.path), safe=SAFE), "", ""))
