"""Google Calendar, by its API of version 3: sync tokens, and exceptions of a series as appointments of their own that name it."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from focusflow.clock import zone
from focusflow.contracts.calendar import CalendarSource
from focusflow.outbound import OutboundResponse
from ingestion.calendars import components
from ingestion.calendars.components import Component, Moment
from ingestion.calendars.connection import SyncFailed
from ingestion.calendars.oauth import json_of
from ingestion.calendars.provider import GONE, Answer, Json, Loaded, ProviderServer, href_of, parts_of
from ingestion.calendars.server import UNKNOWN_ETAG, Changes, Exists, RemoteCalendar, Resource
from ingestion.importers.engine.values import read_zone

PAGE = "250"

#: How long a channel is asked for.
CHANNEL = timedelta(days=7)

#: Where the user works and whose birthday it is are no appointments.
NOT_APPOINTMENTS = frozenset({"workingLocation", "birthday"})

#: Reasons of a 403 that ask for fewer requests.
TOO_EARLY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "calendarUsageLimitsExceeded"})

#: Nobody is told by email of what the user changes here.
QUIET: Final = {"sendUpdates": "none"}


class GoogleServer(ProviderServer):
    source: CalendarSource = "google"

    def calendars(self) -> list[RemoteCalendar]:
        found = []
        for each in self._items(f"{self._provider.api_url}/users/me/calendarList", {}):
            if each.get("primary"):
                self.account = str(each["id"])
            if each.get("accessRole") in {"owner", "writer", "reader"}:
                name = str(each.get("summaryOverride") or each.get("summary") or each["id"])
                found.append(RemoteCalendar(str(each["id"]), name[:200], each["accessRole"] == "reader"))
        return found

    def changes(self, calendar: RemoteCalendar, state: Mapping[str, str], known: Mapping[str, bool]) -> Changes:
        token = state.get("token", "")
        try:
            return self._changes(calendar.id, token, known)
        except SyncFailed as problem:
            if problem.answered != 410 or not token:
                raise
            return self._changes(calendar.id, "", known)

    def _changes(self, calendar: str, token: str, known: Mapping[str, bool]) -> Changes:
        changes = Changes({}, is_full=not token)
        events, exceptions = dict[str, Json](), dict[str, list[Json]]()
        for item in self._items(f"{self._events_url(calendar)}", {"syncToken": token} if token else {}, changes.state):
            if item.get("eventType") in NOT_APPOINTMENTS:
                continue
            if "recurringEventId" in item:
                exceptions.setdefault(item["recurringEventId"], []).append(item)
            elif item.get("status") == "cancelled":
                events.pop(item["id"], None)
                changes.removed.add(href_of(calendar, item["id"]))
            else:
                events[item["id"]] = item
        for id_, event in events.items():
            given = exceptions.pop(id_, [])
            if token and "recurrence" in event:  # its other exceptions did not change, and are not listed
                changes.changed[href_of(calendar, id_)] = UNKNOWN_ETAG
            else:
                self._add(changes, href_of(calendar, id_), Loaded(event, tuple(given)))
        for id_, given in exceptions.items():
            href = href_of(calendar, id_)
            if href in known and not changes.is_full and href not in changes.removed:
                changes.changed[href] = UNKNOWN_ETAG
            elif href not in changes.removed:  # an invitation to single occurrences of a series
                self._add_single(changes, calendar, given)
        return changes

    def _add(self, changes: Changes, href: str, loaded: Loaded) -> None:
        self._listed[href] = loaded
        changes.removed.discard(href)
        changes.changed[href] = self._resource(href, loaded).etag

    def _add_single(self, changes: Changes, calendar: str, exceptions: list[Json]) -> None:
        for each in exceptions:
            href = href_of(calendar, each["id"])
            if each.get("status") == "cancelled":
                changes.removed.add(href)
            else:
                self._add(changes, href, Loaded(each))

    def create(self, calendar: str, event_id: UUID, content: str) -> Resource:
        component, _, excluded = components.read(content)
        body = self._body(component, components.FIELDS, excluded)
        href = href_of(calendar, event_id.hex)
        answer = self._insert(calendar, event_id.hex, body)
        if answer.status != 409:
            return self._resource(href, Loaded(answer.written()))
        if self._load(href) is not None:
            raise Exists(href)
        return self._resource(href, Loaded(self._patch(href, body | {"status": "confirmed"}, "").written()))

    def _insert(self, calendar: str, event_id: str, body: Json) -> Answer:
        """The id is chosen here, so that a repetition meets what was written before."""
        return self._call("POST", self._events_url(calendar), QUIET, body={**body, "id": event_id})

    def _restore(self, known: Resource, body: dict[str, Any]) -> tuple[str, Loaded]:
        calendar, event_id = parts_of(known.href)
        body = body | {"status": "confirmed"}
        answer = self._patch(known.href, body, "")
        if answer.status not in GONE:
            return known.href, Loaded(answer.written())
        event_id = (known.own_id or uuid5(NAMESPACE_URL, known.href)).hex
        answer = self._insert(calendar, event_id, body)
        href = href_of(calendar, event_id)
        if answer.status == 409:
            answer = self._patch(href, body, "")
        return href, Loaded(answer.written())

    def _load(self, href: str) -> Loaded | None:
        calendar, event_id = parts_of(href)
        answer = self._call("GET", self._event_url(href))
        if answer.status in GONE:
            return None
        event = answer.required()
        if event.get("status") == "cancelled":
            return None
        if "recurrence" not in event:
            return Loaded(event)
        same = self._items(self._events_url(calendar), {"iCalUID": str(event["iCalUID"])})
        return Loaded(event, tuple(each for each in same if each.get("recurringEventId") == event_id))

    def _instance(self, href: str, loaded: Loaded, moment: Moment) -> Json | None:
        for each in loaded.exceptions:
            if components.comparable(_moment(each["originalStartTime"])) == moment:
                return each
        start = moment.isoformat()
        instances = self._items(f"{self._event_url(href)}/instances", {"originalStart": start})
        return next(iter(instances), None)

    def _bring_back(self, href: str, loaded: Loaded, moment: Moment) -> None:
        calendar, _ = parts_of(href)
        for each in loaded.exceptions:
            original = _moment(each["originalStartTime"])
            if each.get("status") == "cancelled" and components.comparable(original) == moment:
                plain = _component(loaded.event).occurrence(original)
                body = self._body(plain, components.FIELDS - {"rules"}, ()) | {"status": "confirmed"}
                self._patch(href_of(calendar, each["id"]), body, self._etag(each)).written()

    def _patch(self, href: str, body: Json, etag: str) -> Answer:
        return self._call("PATCH", self._event_url(href), QUIET, body=body, etag=etag)

    def _delete(self, href: str, etag: str) -> Answer:
        return self._call("DELETE", self._event_url(href), QUIET, etag=etag)

    def _events_url(self, calendar: str) -> str:
        return f"{self._provider.api_url}/calendars/{quote(calendar, safe='')}/events"

    def _event_url(self, href: str) -> str:
        calendar, event_id = parts_of(href)
        return f"{self._events_url(calendar)}/{quote(event_id, safe='')}"

    def _items(self, url: str, params: Mapping[str, str], state: dict[str, str] | None = None) -> Iterator[Json]:
        """All pages of a list. The sync token of the last one becomes the state."""
        page: dict[str, str] = {}
        while True:
            answer = self._call("GET", url, {"maxResults": PAGE, **params, **page}).required()
            yield from answer.get("items", [])
            if "nextPageToken" not in answer:
                break
            page = {"pageToken": answer["nextPageToken"]}
        if state is not None:
            state["token"] = str(answer["nextSyncToken"])

    def _is_too_early(self, answer: OutboundResponse) -> bool:
        if answer.status == 403:
            error = json_of(answer).get("error", {})
            reasons = {each.get("reason") for each in error.get("errors", [])} if isinstance(error, dict) else set()
            return bool(reasons & TOO_EARLY)
        return answer.status == 429

    # channels

    def watch(self, calendar: str, address: str, secret: str, known: str | None) -> tuple[dict[str, Any], datetime]:  # noqa: ARG002
        until = self._now + CHANNEL
        channel = {"id": str(uuid4()), "type": "web_hook", "address": address, "token": secret}
        channel["expiration"] = str(int(until.timestamp() * 1000))
        answer = self._call("POST", f"{self._events_url(calendar)}/watch", body=channel).written()
        given = answer.get("expiration")
        if given is not None:
            until = datetime.fromtimestamp(int(given) / 1000, UTC)
        return {"id": channel["id"], "resourceId": answer["resourceId"]}, until

    def unwatch(self, channel: Json) -> None:
        body = {name: channel[name] for name in ("id", "resourceId")}
        self._call("POST", f"{self._provider.api_url}/channels/stop", body=body)

    # appointments

    def _etag(self, event: Json) -> str:
        return str(event.get("etag", ""))

    def _content(self, loaded: Loaded) -> tuple[str, UUID | None]:
        own_id = _own_id(loaded.event)
        exceptions, excluded = dict[Moment, Component](), list[Moment]()
        for each in loaded.exceptions:
            moment = _moment(each["originalStartTime"])
            if each.get("status") == "cancelled":
                excluded.append(moment)
            else:
                exceptions[moment] = _component(each)
        uid = str(own_id or loaded.event["id"])
        return components.write(uid, _component(loaded.event), exceptions, excluded), own_id

    def _body(self, component: Component, fields: AbstractSet[str], excluded: Collection[Moment]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if "title" in fields:
            body["summary"] = component.title
        if "location" in fields:
            body["location"] = component.location
        if "is_busy" in fields:
            body["transparency"] = "opaque" if component.is_busy else "transparent"
        if "start" in fields:
            body |= {"start": _written(component.start), "end": _written(component.end)}
        if "rules" in fields:
            exclusions = [components.exclusion(each, component.start) for each in sorted(excluded, key=str)]
            body["recurrence"] = [*component.rules, *exclusions] if component.rules else None
        return body


def _own_id(event: Json) -> UUID | None:
    """Ids that were chosen here are those of our appointments; Google's own ones are shorter."""
    id_ = str(event["id"])
    try:
        return UUID(id_) if len(id_) == 32 else None
    except ValueError:
        return None


def _moment(given: Json) -> Moment:
    if "date" in given:
        return date.fromisoformat(given["date"])
    moment = datetime.fromisoformat(given["dateTime"])
    return moment.astimezone(read_zone(str(given.get("timeZone", ""))) or UTC)


def _written(moment: Moment) -> dict[str, Any]:
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat(), "dateTime": None, "timeZone": None}
    name = str(moment.tzinfo)
    here = zone(name) if read_zone(name) else UTC
    return {"date": None, "dateTime": moment.astimezone(here).isoformat(), "timeZone": str(here)}


def _component(event: Json) -> Component:
    people = [each for each in event.get("attendees", []) if not each.get("resource")]
    is_declined = any(each.get("self") and each.get("responseStatus") == "declined" for each in people)
    return Component(
        str(event.get("summary", "")),
        _moment(event["start"]),
        _moment(event["end"]),
        event.get("transparency") != "transparent" and not is_declined,
        event.get("location") or None,
        tuple(event.get("recurrence", ())),
        tuple((str(each.get("displayName", "")), str(each.get("email", ""))) for each in people),
        _instant(event.get("created")),
        _instant(event.get("updated")),
    )


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text > "0001" else None
