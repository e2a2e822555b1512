"""What the calendars of Google and Microsoft have in common: JSON over HTTPS with an access token, and one request for each exception of a
series.
"""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit
from uuid import UUID

import orjson

from focusflow.calendar_providers import CalendarProvider
from focusflow.outbound import OutboundClient, OutboundResponse
from ingestion.calendars import components
from ingestion.calendars.components import Component, Moment
from ingestion.calendars.connection import SyncFailed
from ingestion.calendars.http import failure_of, retry_after
from ingestion.calendars.oauth import Tokens, json_of
from ingestion.calendars.server import OccurrencesGone, Precondition, Refused, Resource

#: One request, and all of a synchronization.
REQUEST_SECONDS, TOTAL_SECONDS = 30.0, 300.0

#: A request that comes too early is repeated within a synchronization, if the provider asks for no longer pause than this.
RETRIES, LONGEST_PAUSE, FIRST_PAUSE = 3, timedelta(seconds=10), timedelta(seconds=1)

GONE = frozenset({404, 410})

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    failure: SyncFailed

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def required(self) -> dict[str, Any]:
        """What a request answered that has to succeed."""
        if not self.is_success:
            raise self.failure
        return self.body

    def written(self) -> dict[str, Any]:
        """What a request answered that writes an appointment as it was read."""
        if self.status in GONE | {412}:
            raise Precondition
        if self.status in {400, 403, 405, 409, 413, 422}:
            reason = str(self.body.get("error", {}).get("message", ""))[:200]
            raise Refused(f"the server refuses it ({self.status}){': ' if reason else ''}{reason}")
        return self.required()


@dataclass(frozen=True, slots=True)
class Loaded:
    """An appointment, or a series with its exceptions, as the provider has it."""

    event: Json
    exceptions: tuple[Json, ...] = ()


class ProviderServer(ABC):
    """One account. What the providers do differently is abstract."""

    #: Names alone are no addresses to invite, so participants that are added here stay here.
    omitted: frozenset[str] = frozenset({"attendees"})
    keeps_series = True

    def __init__(
        self,
        client: OutboundClient,
        provider: CalendarProvider,
        tokens: Tokens,
        now: datetime,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client, self._provider, self.tokens, self._pause = client, provider, tokens, pause
        self._now = now
        self._until = time.monotonic() + TOTAL_SECONDS
        self._host = urlsplit(provider.api_url).netloc
        self._token: str | None = None
        #: What was read whole while it was asked for what changed.
        self._listed: dict[str, Loaded] = {}
        self.account: str | None = None

    # what the providers do differently

    @abstractmethod
    def _load(self, href: str) -> Loaded | None:
        """An appointment or series; None if it is gone."""

    @abstractmethod
    def _etag(self, event: Json) -> str: ...

    @abstractmethod
    def _content(self, loaded: Loaded) -> tuple[str, UUID | None]:
        """The iCalendar text, and which appointment of ours it was created from."""

    @abstractmethod
    def _body(self, component: Component, fields: AbstractSet[str], excluded: Collection[Moment]) -> dict[str, Any]:
        """The properties of these fields."""

    @abstractmethod
    def _patch(self, href: str, body: Json, etag: str) -> Answer: ...

    @abstractmethod
    def _delete(self, href: str, etag: str) -> Answer: ...

    @abstractmethod
    def _instance(self, href: str, loaded: Loaded, moment: Moment) -> Json | None:
        """The occurrence of a series that would begin at a moment."""

    @abstractmethod
    def _bring_back(self, href: str, loaded: Loaded, moment: Moment) -> None:
        """Have an occurrence take place that was deleted."""

    @abstractmethod
    def _restore(self, known: Resource, body: dict[str, Any]) -> tuple[str, Loaded]:
        """Write an appointment again that is gone. However often that is repeated, there is one."""

    @abstractmethod
    def watch(self, calendar: str, address: str, secret: str, known: str | None) -> tuple[dict[str, Any], datetime]:
        """Have the provider call an address when a calendar changes, by a new channel or for longer by a known one. Returns the channel, and
        until when it is one.
        """

    @abstractmethod
    def unwatch(self, channel: Json) -> None: ...

    @abstractmethod
    def _is_too_early(self, answer: OutboundResponse) -> bool: ...

    # resources

    def fetch(self, calendar: str, hrefs: Sequence[str]) -> Iterator[Resource]:  # noqa: ARG002
        for href in hrefs:
            loaded = self._listed.pop(href, None) or self._load(href)
            if loaded is not None:
                yield self._resource(href, loaded)

    def get(self, href: str) -> Resource | None:
        loaded = self._load(href)
        return None if loaded is None else self._resource(href, loaded)

    def replace(self, known: Resource, content: str) -> Resource:
        after, exceptions, excluded = components.read(content)
        if not known.etag:
            href, loaded = self._restore(known, self._body(after, components.FIELDS, excluded))
            restored = self._resource(href, loaded)
            again, _, _ = components.read(restored.content)
            if fields := again.differences(after) - {"rules"}:  # of an answer that was lost: it was changed since
                body = self._body(after, fields, excluded)
                loaded = Loaded(self._patch(href, body, self._etag(loaded.event)).written())
            self._write_occurrences(href, loaded, (after, {}, set()), (after, exceptions, excluded))
            etag = "" if exceptions or excluded else self._etag(loaded.event)
            return Resource(href, etag, components.with_uid_of(restored.content, content), restored.own_id)
        before, old_exceptions, old_excluded = components.read(known.content)
        if not (before.rules or after.rules or exceptions or old_exceptions):
            body = self._body(after, before.differences(after), ())
            if not body:
                return known
            return self._resource(known.href, Loaded(self._patch(known.href, body, known.etag).written()))
        loaded = self._unchanged(known)
        fields = before.differences(after) | ({"rules"} if old_excluded - excluded else set())
        if fields:
            self._patch(known.href, self._body(after, fields, excluded), self._etag(loaded.event)).written()
        if fields & {"start", "rules"}:  # the provider may have dropped the exceptions
            loaded = self._load(known.href) or loaded
            _, old_exceptions, old_excluded = components.read(self._resource(known.href, loaded).content)
        self._write_occurrences(
            known.href, loaded, (before, old_exceptions, old_excluded), (after, exceptions, excluded)
        )
        return Resource(known.href, "", content, known.own_id)

    def delete(self, known: Resource) -> None:
        etag = known.etag
        if "RECURRENCE-ID" in known.content or "RRULE" in known.content or "RDATE" in known.content:
            if self._load(known.href) is None:
                return
            etag = self._etag(self._unchanged(known).event)
        answer = self._delete(known.href, etag)
        if answer.status not in GONE:
            answer.written()

    def _unchanged(self, known: Resource) -> Loaded:
        """A series that is as it was read. Each of its exceptions has an ETag of its own."""
        loaded = self._load(known.href)
        if loaded is None or self._resource(known.href, loaded).etag != known.etag:
            raise Precondition
        return loaded

    def _write_occurrences(
        self,
        href: str,
        loaded: Loaded,
        before: tuple[Component, Mapping[Moment, Component], set[Moment]],
        after: tuple[Component, Mapping[Moment, Component], set[Moment]],
    ) -> None:
        series, exceptions, excluded = after
        calendar = href.rpartition("/")[0]
        gone = []
        for moment, each in exceptions.items():
            was = before[1].get(moment) or series.occurrence(moment)
            fields = was.differences(replace(each, rules=was.rules))
            if not fields:
                continue
            instance = self._instance(href, loaded, moment)
            if instance is None:
                gone.append(moment)
                continue
            body = self._body(each, fields, ())
            self._patch(href_of(calendar, str(instance["id"])), body, self._etag(instance)).written()
        for moment in before[2] - excluded:
            self._bring_back(href, loaded, moment)
        for moment in sorted(excluded - before[2], key=str):
            instance = self._instance(href, loaded, moment)
            if instance is not None:
                answer = self._delete(href_of(calendar, str(instance["id"])), self._etag(instance))
                if answer.status not in GONE:
                    answer.written()
        if gone:
            raise OccurrencesGone(gone)

    def _resource(self, href: str, loaded: Loaded) -> Resource:
        etags = [self._etag(loaded.event), *sorted(map(self._etag, loaded.exceptions))]
        etag = etags[0] if len(etags) == 1 else hashlib.sha256("\n".join(etags).encode()).hexdigest()
        content, own_id = self._content(loaded)
        return Resource(href, etag, content, own_id)

    # requests

    def _call(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        body: Json | None = None,
        etag: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the API. What refuses the access token gets a new one, once."""
        if urlsplit(url).netloc != self._host:  # of a next page: the token is for nobody else
            raise SyncFailed(f"{self._provider.name} leads to another host.")
        whole = {"Accept": "application/json", **(headers or {})} | ({"If-Match": etag} if etag else {})
        if body is not None:
            whole["Content-Type"] = "application/json"
        content = orjson.dumps(body) if body is not None else b""
        url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}" if params else url
        is_renewed, attempt = False, 0
        while True:
            if self._token is None:
                self._token = self.tokens.access_token()
            answer = self._send(method, url, content, whole | {"Authorization": f"Bearer {self._token}"})
            if answer.status == 401 and not is_renewed:
                self._token, is_renewed = self.tokens.renew(), True
            elif self._is_too_early(answer) and attempt < RETRIES and self._waited(answer, attempt):
                attempt += 1
            else:
                return Answer(answer.status, json_of(answer), self._failure(answer))

    def _send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> OutboundResponse:
        left = self._until - time.monotonic()
        if left <= 0:
            raise SyncFailed(f"{self._provider.name} is too slow: the synchronization goes on the next time.")
        return self._client.request(
            method,
            url,
            content=content,
            headers=dict(headers),
            follow_redirects=False,
            total_seconds=min(REQUEST_SECONDS, left),
        )

    def _waited(self, answer: OutboundResponse, attempt: int) -> bool:
        asked = retry_after(answer)
        pause = FIRST_PAUSE * 2**attempt if asked is None else asked
        if pause > LONGEST_PAUSE or time.monotonic() + pause.total_seconds() > self._until:
            return False
        self._pause(pause.total_seconds())
        return True

    def _failure(self, answer: OutboundResponse) -> SyncFailed:
        if answer.status == 401:
            return SyncFailed(f"{self._provider.name} does not permit access. Connect it again.", answered=401)
        if self._is_too_early(answer):
            problem = SyncFailed(f"{self._provider.name} asks for fewer requests.", answered=429)
            problem.retry_after = retry_after(answer)
            return problem
        return failure_of(answer, self._provider.name)


def href_of(calendar: str, event_id: str) -> str:
    return f"{calendar}/{quote(event_id, safe='')}"


def parts_of(href: str) -> tuple[str, str]:
    """The calendar and the id of an appointment."""
    calendar, _, event_id = href.rpartition("/")
    return calendar, unquote(event_id)
