"""Calendars of Microsoft 365 and Outlook.com, by Microsoft Graph: delta links of a span of time, and series with the exceptions in them.

A delta names single occurrences of a series as well; whatever it names, the series is read as a whole.
"""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from focusflow.clock import zone
from focusflow.contracts.calendar import CalendarSource
from focusflow.outbound import OutboundResponse
from ingestion.calendars import components, windows_zones
from ingestion.calendars.components import Component, Moment
from ingestion.calendars.connection import SyncFailed
from ingestion.calendars.patterns import from_rule, to_rule
from ingestion.calendars.provider import GONE, Answer, Json, Loaded, ProviderServer, href_of, parts_of
from ingestion.calendars.server import UNKNOWN_ETAG, Changes, Exists, Refused, RemoteCalendar, Resource

#: Ids that stay the same when an appointment is moved, and moments in UTC.
HEADERS = {"Prefer": 'IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=100'}

#: The span of a delta: so much of the past and of the future, begun again after a while and at the latest when it would grow too long.
PAST, AHEAD, BEGIN_AGAIN, LONGEST = timedelta(days=366), timedelta(days=400), timedelta(days=14), timedelta(days=1500)

#: How long a subscription is asked for: for calendars, it may be a little less than three days.
CHANNEL = timedelta(days=2, hours=20)

#: What is read of a series beside what every answer has.
SERIES = {"$expand": "exceptionOccurrences"}
EXCLUDED = {"$select": "id,cancelledOccurrences"}

#: How far from where an occurrence would begin it is looked for.
NEAR = timedelta(days=2)


class OutlookServer(ProviderServer):
    source: CalendarSource = "outlook"
    keeps_series = False  # nothing that was deleted comes back: it is written as another one

    def calendars(self) -> list[RemoteCalendar]:
        found = []
        for each in self._items(self._call("GET", self._url("/me/calendars"), {"$top": "100"}, headers=HEADERS)):
            if each.get("isDefaultCalendar"):
                self.account = str(each.get("owner", {}).get("address") or each["id"])
            found.append(RemoteCalendar(str(each["id"]), str(each.get("name", ""))[:200], not each.get("canEdit")))
        return found

    def changes(self, calendar: RemoteCalendar, state: Mapping[str, str], known: Mapping[str, bool]) -> Changes:
        begun_at = datetime.fromisoformat(state["begun_at"]) if "begun_at" in state else None
        link = state.get("delta", "") if begun_at and begun_at > self._now - BEGIN_AGAIN else ""
        try:
            return self._changes(calendar.id, state, link, known)
        except SyncFailed as problem:
            if problem.answered != 410 or not link:
                raise
            return self._changes(calendar.id, state, "", known)

    def _changes(self, calendar: str, state: Mapping[str, str], link: str, known: Mapping[str, bool]) -> Changes:
        since = datetime.fromisoformat(state["since"]) if "since" in state else self._now - PAST
        if self._now - since > LONGEST:
            since = self._now - PAST
        new = {"since": state.get("since", "") if link else since.isoformat()}
        new["begun_at"] = state["begun_at"] if link else self._now.isoformat()
        changes = Changes(new, is_full=not link)
        params = {} if link else {"startDateTime": _utc(since), "endDateTime": _utc(self._now + AHEAD)}
        first = link or f"{self._calendar_url(calendar)}/calendarView/delta"
        is_unclear = False
        for item in self._items(self._call("GET", first, params, headers=HEADERS), new):
            href = href_of(calendar, str(item.get("seriesMasterId") or item["id"]))
            if "@removed" in item:
                changes.changed.pop(href, None)
                self._listed.pop(href, None)
                is_unclear = is_unclear or href not in known
                changes.unlisted.add(href)
            elif item.get("type", "singleInstance") == "singleInstance":
                self._listed[href] = Loaded(item)
                changes.changed[href] = self._etag(item)
                changes.unlisted.discard(href)
            else:
                changes.changed[href] = UNKNOWN_ETAG
                changes.unlisted.discard(href)
        if is_unclear:  # an occurrence, which does not say of what
            changes.unlisted |= {href for href, is_series in known.items() if is_series} - changes.changed.keys()
        if changes.is_full:  # outside of the span, it is there and not listed
            changes.unlisted |= known.keys() - changes.changed.keys()
        return changes

    #: What is left out of a series is deleted after it was created.
    omitted = frozenset({"attendees", "exdates"})

    def create(self, calendar: str, event_id: UUID, content: str) -> Resource:
        component, _, excluded = components.read(content)
        body = self._body(component, components.FIELDS, ()) | {"transactionId": str(event_id)}
        event = self._call("POST", f"{self._calendar_url(calendar)}/events", body=body, headers=HEADERS).written()
        href, loaded = href_of(calendar, str(event["id"])), Loaded(event)
        if _as_kept(component).differences(_component(event)):  # of an answer that was lost: it was changed since
            raise Exists(href)
        if not excluded:
            return self._resource(href, loaded)
        self._write_occurrences(href, loaded, (component, {}, set()), (component, {}, excluded))
        return Resource(href, "", content, event_id)

    def _bring_back(self, href: str, loaded: Loaded, moment: Moment) -> None:  # noqa: ARG002
        raise Refused("Microsoft's calendars do not bring back an occurrence that was deleted")

    def _restore(self, known: Resource, body: dict[str, Any]) -> tuple[str, Loaded]:
        calendar, _ = parts_of(known.href)
        again = uuid5(NAMESPACE_URL, known.href)
        body = body | {"transactionId": f"{known.own_id or again}.{again.hex[:12]}"}
        event = self._call("POST", f"{self._calendar_url(calendar)}/events", body=body, headers=HEADERS).written()
        return href_of(calendar, str(event["id"])), Loaded(event)

    def _load(self, href: str) -> Loaded | None:
        url = self._event_url(href)
        answer = self._call("GET", url, headers=HEADERS)
        if answer.status in GONE:
            return None
        event = answer.required()
        if event.get("type") != "seriesMaster":
            return Loaded(event)
        event |= self._call("GET", url, EXCLUDED, headers=HEADERS).required()
        expanded = self._call("GET", url, SERIES, headers=HEADERS).required()
        return Loaded(event, tuple(expanded.get("exceptionOccurrences", ())))

    def _instance(self, href: str, loaded: Loaded, moment: Moment) -> Json | None:
        series = loaded.event
        for each in loaded.exceptions:
            if components.comparable(_original(each, series)) == moment:
                return each
        at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        span = {"startDateTime": _utc(at - NEAR), "endDateTime": _utc(at + NEAR)}
        for each in self._items(self._call("GET", f"{self._event_url(href)}/instances", span, headers=HEADERS)):
            if components.comparable(_moments(each)[0]) == moment:
                return each
        return None

    def _patch(self, href: str, body: Json, etag: str) -> Answer:
        return self._call("PATCH", self._event_url(href), body=body, etag=etag, headers=HEADERS)

    def _delete(self, href: str, etag: str) -> Answer:
        return self._call("DELETE", self._event_url(href), etag=etag, headers=HEADERS)

    def _url(self, path: str) -> str:
        return f"{self._provider.api_url}{path}"

    def _calendar_url(self, calendar: str) -> str:
        return self._url(f"/me/calendars/{quote(calendar, safe='')}")

    def _event_url(self, href: str) -> str:
        calendar, event_id = parts_of(href)
        return f"{self._calendar_url(calendar)}/events/{quote(event_id, safe='')}"

    def _items(self, first: Answer, state: dict[str, str] | None = None) -> Iterator[Json]:
        """All pages of a list. The delta link of the last one becomes the state."""
        answer = first.required()
        yield from answer.get("value", [])
        while "@odata.nextLink" in answer:
            answer = self._call("GET", answer["@odata.nextLink"], headers=HEADERS).required()
            yield from answer.get("value", [])
        if state is not None:
            state["delta"] = str(answer["@odata.deltaLink"])

    def _is_too_early(self, answer: OutboundResponse) -> bool:
        return answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers)

    # channels

    def watch(self, calendar: str, address: str, secret: str, known: str | None) -> tuple[dict[str, Any], datetime]:
        until = self._now + CHANNEL
        if known is not None:
            url = self._url(f"/subscriptions/{quote(known, safe='')}")
            answer = self._call("PATCH", url, body={"expirationDateTime": _utc(until), "clientState": secret})
            if answer.status not in GONE:
                answer.written()
                return {"id": known}, until
        subscription = {
            "changeType": "created,updated,deleted",
            "notificationUrl": address,
            "resource": f"/me/calendars/{calendar}/events",
            "expirationDateTime": _utc(until),
            "clientState": secret,
        }
        made = self._call("POST", self._url("/subscriptions"), body=subscription).written()
        return {"id": made["id"]}, until

    def unwatch(self, channel: Json) -> None:
        self._call("DELETE", self._url(f"/subscriptions/{quote(str(channel['id']), safe='')}"))

    # appointments

    def _etag(self, event: Json) -> str:
        return str(event.get("@odata.etag", ""))

    def _content(self, loaded: Loaded) -> tuple[str, UUID | None]:
        event = loaded.event
        own_id = _own_id(event)
        exceptions = {_original(each, event): _component(each) for each in loaded.exceptions}
        excluded = [_excluded(str(each), event) for each in event.get("cancelledOccurrences") or ()]
        uid = str(own_id or event["id"])
        return components.write(uid, _component(event), exceptions, excluded), own_id

    def _body(self, component: Component, fields: AbstractSet[str], excluded: Collection[Moment]) -> dict[str, Any]:  # noqa: ARG002
        body: dict[str, Any] = {}
        if "title" in fields:
            body["subject"] = component.title
        if "location" in fields:
            body["location"] = {"displayName": component.location or ""}
        if "is_busy" in fields:
            body["showAs"] = "busy" if component.is_busy else "free"
        if "start" in fields:
            body |= {"start": _written(component.start), "end": _written(component.end)}
            body["isAllDay"] = not isinstance(component.start, datetime)
        if component.rules and fields & {"rules", "start"}:
            body["recurrence"] = _pattern(component)
        elif "rules" in fields:
            body["recurrence"] = None
        return body


def _pattern(component: Component) -> dict[str, Any]:
    try:
        return from_rule(component.rules, component.start)
    except ValueError as error:
        raise Refused(str(error)) from error


def _as_kept(component: Component) -> Component:
    """As it is read when it was written."""
    rules = to_rule(_pattern(component), component.start) if component.rules else ()
    return replace(component, rules=rules, location=component.location or None)


def _own_id(event: Json) -> UUID | None:
    """What was written here names our appointment."""
    try:
        return UUID(str(event.get("transactionId") or "")[:36])
    except ValueError:
        return None


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(given: Json) -> datetime:
    """A moment as Graph writes it: with seven digits of a second, and its zone beside it."""
    moment = datetime.fromisoformat(str(given["dateTime"])[:19])
    return moment.replace(tzinfo=windows_zones.find(str(given.get("timeZone", "UTC"))) or UTC)


def _moments(event: Json) -> tuple[Moment, Moment]:
    """Start and end: days, or times in the zone in which a series was made."""
    start, end = _moment(event["start"]), _moment(event["end"])
    if event.get("isAllDay"):
        return start.date(), end.date()
    if event.get("type") == "seriesMaster":
        here = _zone_of(event)
        return start.astimezone(here), end.astimezone(here)
    return start.astimezone(UTC), end.astimezone(UTC)


def _zone_of(series: Json) -> Any:
    recurring = (series.get("recurrence") or {}).get("range", {}).get("recurrenceTimeZone")
    names = (series.get("originalStartTimeZone"), recurring)
    return next((found for name in names if name and (found := windows_zones.find(str(name)))), UTC)


def _original(exception: Json, series: Json) -> Moment:
    """When an exception would have begun."""
    moment = datetime.fromisoformat(str(exception["originalStart"]))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.date() if series.get("isAllDay") else moment.astimezone(_zone_of(series))


def _excluded(occurrence_id: str, series: Json) -> Moment:
    """When a cancelled occurrence would have begun. Its id ends with the day."""
    day = date.fromisoformat(occurrence_id.rpartition(".")[2][:10])
    start = _moments(series)[0]
    return datetime.combine(day, start.timetz()) if isinstance(start, datetime) else day


def _written(moment: Moment) -> dict[str, str]:
    if not isinstance(moment, datetime):
        return {"dateTime": f"{moment.isoformat()}T00:00:00", "timeZone": "UTC"}
    name = str(moment.tzinfo)
    here = zone(name) if windows_zones.find(name) else UTC
    return {"dateTime": f"{moment.astimezone(here):%Y-%m-%dT%H:%M:%S}", "timeZone": windows_zones.name_of(str(here))}


def _component(event: Json) -> Component:
    start, end = _moments(event)
    people = [each.get("emailAddress", {}) for each in event.get("attendees") or ()]
    is_declined = (event.get("responseStatus") or {}).get("response") == "declined"
    return Component(
        str(event.get("subject") or ""),
        start,
        end,
        event.get("showAs") not in {"free", "workingElsewhere"} and not is_declined,
        (event.get("location") or {}).get("displayName") or None,
        to_rule(event["recurrence"], start) if event.get("recurrence") else (),
        tuple((str(each.get("name", "")), str(each.get("address", ""))) for each in people if each.get("address")),
        _instant(event.get("createdDateTime")),
        _instant(event.get("lastModifiedDateTime")),
        bool(event.get("isCancelled")),
    )


def _instant(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text[:19])
    return moment.replace(tzinfo=UTC)
