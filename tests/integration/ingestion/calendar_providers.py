"""Servers on loopback that speak the calendar protocols of Google and of Microsoft Graph, with the faults that these have."""

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from uuid import uuid4

import orjson
from dateutil.rrule import rrulestr

from focusflow.clock import now, zone
from focusflow.settings import Settings
from ingestion.calendars import windows_zones
from ingestion.calendars.patterns import from_rule, to_rule

Json = dict[str, Any]
CLIENT_ID, CLIENT_SECRET = "focusflow at the provider", "s:e/c+r&e t"
DELETED = "deleted"


class Answered(Exception):
    """The answer to a request, from wherever it is known."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


Double = TypeVar("Double", bound="ProviderDouble")


class Handler(BaseHTTPRequestHandler):
    server: "ProviderDouble"
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        try:
            with self.server.lock:
                found = self.server.handle(self.command, unquote(parts.path), query, self.headers, body)
            answer = Answered(204 if found is None else 200, found)
        except Answered as raised:
            answer = raised
        content = b"" if answer.body is None else orjson.dumps(answer.body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> Any:
        """Every method is answered the same way."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class ProviderDouble(ThreadingHTTPServer):
    """One account with two calendars. Pages are short, so that there are several."""

    daemon_threads = True
    kind = ""
    page = 3

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.names = {"work": "owner", "plans": "owner"}
        self.events: dict[str, dict[str, Json]] = {name: {} for name in self.names}
        self.number = 0
        self.changed: dict[str, int] = {}  # by event: the number of its last change
        self.challenges: dict[str, str] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: set[str] = set()
        self.lifetime = 3600
        self.forgets_before = 0  # tokens of a synchronization from before this change are expired
        self.too_early: list[Answered] = []
        self.requests: list[tuple[str, str]] = []
        self.channels: dict[str, Json] = {}  # whom to call about what

    # what tests do

    def add(
        self, calendar: str, title: str, begins: datetime, ends: datetime, rule: str | None = None, **more: Any
    ) -> str:
        """Add an appointment with another program. Returns its id."""
        raise NotImplementedError

    def rename(self, calendar: str, id_: str, title: str, at: datetime | None = None) -> None:
        """Rename an appointment, or one occurrence of a series."""
        raise NotImplementedError

    def remove(self, calendar: str, id_: str, at: datetime | None = None) -> None:
        raise NotImplementedError

    def series(self, calendar: str) -> dict[str, list[datetime]]:
        """The appointments by id, each with when it takes place."""
        raise NotImplementedError

    def titles(self, calendar: str, id_: str) -> set[str]:
        """All titles of an appointment or series."""
        raise NotImplementedError

    def occurrences(self, calendar: str) -> set[tuple[str, datetime, datetime]]:
        """What takes place when."""
        raise NotImplementedError

    def settings(self) -> Settings:
        if self.kind == "google":
            urls = {"google_accounts_url": self.base, "google_token_url": self.base, "google_calendar_url": f"{self.base}/api"}  # fmt: skip
            return Settings(google_client_id=CLIENT_ID, google_client_secret=CLIENT_SECRET, **urls)  # type: ignore[arg-type]
        urls = {"microsoft_login_url": f"{self.base}/common", "microsoft_graph_url": f"{self.base}/api"}
        return Settings(microsoft_client_id=CLIENT_ID, microsoft_client_secret=CLIENT_SECRET, **urls)  # type: ignore[arg-type]

    def permit(self, authorization_url: str) -> tuple[str, str]:
        """What the browser brings back when the user permits access: code and state."""
        query = dict(parse_qsl(urlsplit(authorization_url).query))
        assert (query["client_id"], query["response_type"], query["code_challenge_method"]) == (
            CLIENT_ID,
            "code",
            "S256",
        )
        code = uuid4().hex
        self.challenges[code] = query["code_challenge"]
        return code, query["state"]

    def grant(self) -> Json:
        """Tokens as they are stored, of a user who permitted access."""
        answer = self._tokens({})
        expires_at = now() + timedelta(seconds=self.lifetime)
        return {name: answer[name] for name in ("access_token", "refresh_token")} | {
            "expires_at": expires_at.isoformat()
        }

    def expire_access(self) -> None:
        self.access_tokens.clear()

    def expire_sync(self) -> None:
        self.number += 1
        self.forgets_before = self.number

    # tokens

    def handle(self, method: str, path: str, query: Json, headers: Any, body: bytes) -> Any:
        self.requests.append((method, path))
        if path.endswith("/token"):
            return self._token(dict(parse_qsl(body.decode())))
        if path == "/revoke":
            token = dict(parse_qsl(body.decode()))["token"]
            if token not in self.refresh_tokens:
                raise Answered(400, {"error": "invalid_token"})
            self.refresh_tokens.discard(token)
            self.access_tokens.clear()
            return {}
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.access_tokens:
            raise Answered(401, {"error": {"code": 401, "message": "Invalid Credentials"}})
        if self.too_early:
            raise self.too_early.pop()
        return self.api(method, path.removeprefix("/api"), query, headers.get("If-Match"), orjson.loads(body or b"{}"))

    def api(self, method: str, path: str, query: Json, match: str | None, body: Json) -> Any:
        raise NotImplementedError

    def _token(self, form: Json) -> Json:
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            raise Answered(401, {"error": "invalid_client"})
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            if self.challenges.pop(form["code"], None) != base64.urlsafe_b64encode(digest).decode().rstrip("="):
                raise Answered(400, {"error": "invalid_grant"})
            return self._tokens(form)
        if form["refresh_token"] not in self.refresh_tokens:
            raise Answered(400, {"error": "invalid_grant"})
        return self._tokens(form)

    def _tokens(self, form: Json) -> Json:
        access = uuid4().hex
        self.access_tokens.add(access)
        answer: Json = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime}
        if self.kind == "outlook" or form.get("grant_type") != "refresh_token":
            answer["refresh_token"] = uuid4().hex
            self.refresh_tokens.add(answer["refresh_token"])
        return answer

    # appointments

    def touch(self, calendar: str, event: Json) -> Json:
        self.number += 1
        self.changed[event["id"]] = self.number
        self.events[calendar][event["id"]] = event
        return event

    def check(self, match: str | None, etag: str) -> None:
        if match is not None and match != etag:
            raise Answered(412, {"error": {"code": 412, "message": "Precondition Failed"}})

    def page_of(self, items: list[Any], query: Json, name: str) -> tuple[list[Any], str | None]:
        start = int(query.get(name, "0").partition(".")[0])
        following = start + self.page
        return items[start:following], str(following) if following < len(items) else None


def stamp() -> str:
    return f"{now():%Y-%m-%dT%H:%M:%S.000Z}"


def merged(event: Json, patch: Json) -> Json:
    """JSON merge: null removes."""
    after = dict(event)
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict) and isinstance(after.get(name), dict):
            after[name] = merged(after[name], value)
        else:
            after[name] = (
                {each: inner for each, inner in value.items() if inner is not None}
                if isinstance(value, dict)
                else value
            )
    return after


class Google(ProviderDouble):
    kind = "google"

    def api(self, method: str, path: str, query: Json, match: str | None, body: Json) -> Any:  # noqa: C901, PLR0911 (one for each address)
        if path == "/users/me/calendarList":
            calendars = [{"id": name, "summary": name, "accessRole": role, "primary": name == "work"} for name, role in self.names.items()]  # fmt: skip
            return {"items": [*calendars, {"id": "busy@example.com", "accessRole": "freeBusyReader"}]}
        if path == "/channels/stop":
            return self.channels.pop(body["id"]) and None
        if path.endswith("/watch"):
            self.channels[body["id"]] = body
            return {"resourceId": path, "expiration": body["expiration"]}
        found = re.fullmatch(r"/calendars/([^/]+)/events(?:/([^/]+))?(/instances)?", path)
        assert found, path
        calendar, id_, instances = found.groups()
        events = self.events[calendar]
        if id_ is None:
            return self._insert(calendar, body) if method == "POST" else self._list(calendar, query)
        if instances:
            return {"items": [self._instance(calendar, id_, datetime.fromisoformat(query["originalStart"]))]}
        event = events.get(id_) or self._virtual(calendar, id_)
        if event is None:
            raise Answered(404, {"error": {"code": 404, "message": "Not Found"}})
        if method == "GET":
            return event
        self.check(match, event["etag"])
        if method == "PATCH":
            return self._store(calendar, merged(event, body))
        if event["status"] == "cancelled":
            raise Answered(410, {"error": {"code": 410, "message": "Resource has been deleted"}})
        for each in [each for each in events.values() if each.get("recurringEventId") == id_]:
            del events[each["id"]]
        names = ("id", "recurringEventId", "originalStartTime", "iCalUID")
        self._store(calendar, {name: event[name] for name in names if name in event} | {"status": "cancelled"})
        return None

    def _store(self, calendar: str, event: Json) -> Json:
        event = {"status": "confirmed", "created": stamp(), **event, "updated": stamp()}
        event |= {"etag": f'"{self.number + 1}"', "iCalUID": event.get("iCalUID") or f"{event['id']}@google.com"}
        return self.touch(calendar, event)

    def _insert(self, calendar: str, body: Json) -> Json:
        id_ = body.get("id") or uuid4().hex[:26]
        assert re.fullmatch(r"[a-v0-9]{5,1024}", id_), id_
        if id_ in self.events[calendar]:
            raise Answered(409, {"error": {"code": 409, "message": "The requested identifier already exists."}})
        return self._store(calendar, merged({}, body) | {"id": id_})

    def _list(self, calendar: str, query: Json) -> Json:
        since, upto = int(query.get("syncToken", "0")), self.number
        if "syncToken" in query and since < self.forgets_before:
            raise Answered(410, {"error": {"code": 410, "message": "Sync token is no longer valid"}})
        events = self.events[calendar]
        items = [each for id_, each in events.items() if self.changed[id_] > since]
        if not since:
            items = [each for each in items if each["status"] != "cancelled" or self._is_of_series(calendar, each)]
        if "iCalUID" in query:
            items = [each for each in items if each.get("iCalUID") == query["iCalUID"]]
        chosen, following = self.page_of(items, query, "pageToken")
        if "pageToken" in query:
            upto = int(query["pageToken"].partition(".")[2])
        return {"items": chosen} | (
            {"nextPageToken": f"{following}.{upto}"} if following else {"nextSyncToken": str(upto)}
        )

    def _is_of_series(self, calendar: str, event: Json) -> bool:
        series = self.events[calendar].get(event.get("recurringEventId", ""))
        return series is not None and series["status"] != "cancelled"

    def _virtual(self, calendar: str, id_: str) -> Json | None:
        master, _, moment = id_.partition("_")
        if master not in self.events[calendar] or not moment:
            return None
        return self._instance(calendar, master, datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))

    def _instance(self, calendar: str, id_: str, start: datetime) -> Json:
        series = self.events[calendar][id_]
        start = start.astimezone(zone(series["start"]["timeZone"]))
        instance_id = f"{id_}_{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        if instance_id in self.events[calendar]:
            return self.events[calendar][instance_id]
        length = moment_of(series["end"]) - moment_of(series["start"])
        times = {"start": self.time(start), "end": self.time((start.astimezone(UTC) + length).astimezone(start.tzinfo))}
        plain = {name: value for name, value in series.items() if name != "recurrence"}
        return plain | times | {"id": instance_id, "recurringEventId": id_, "originalStartTime": self.time(start)}

    # what another program does

    def time(self, moment: datetime) -> Json:
        return {"dateTime": moment.isoformat(), "timeZone": str(moment.tzinfo)}

    def add(
        self, calendar: str, title: str, begins: datetime, ends: datetime, rule: str | None = None, **more: Any
    ) -> str:
        with self.lock:
            body = {"summary": title, "start": self.time(begins), "end": self.time(ends)} | more
            return str(self._insert(calendar, body | ({"recurrence": [f"RRULE:{rule}"]} if rule else {}))["id"])

    def rename(self, calendar: str, id_: str, title: str, at: datetime | None = None) -> None:
        with self.lock:
            event = self.events[calendar][id_] if at is None else self._instance(calendar, id_, at)
            self._store(calendar, event | {"summary": title})

    def remove(self, calendar: str, id_: str, at: datetime | None = None) -> None:
        with self.lock:
            if at is not None:
                event = self._instance(calendar, id_, at)
                self.events[calendar].setdefault(event["id"], event)
                id_ = event["id"]
            self.api("DELETE", f"/calendars/{calendar}/events/{id_}", {}, None, {})

    def series(self, calendar: str) -> dict[str, list[datetime]]:
        """The appointments by id, each with when it takes place."""
        return {
            each["id"]: [
                start for _, start, _ in self._occurrences(calendar, each) if self.is_shown(calendar, each, start)
            ]
            for each in list(self.events[calendar].values())
            if each["status"] != "cancelled" and "recurringEventId" not in each
        }

    def titles(self, calendar: str, id_: str) -> set[str]:
        """All titles of an appointment or series."""
        found = [each for each in self.events[calendar].values() if id_ in (each["id"], each.get("recurringEventId"))]
        return {each.get("summary", "") for each in found}

    def occurrences(self, calendar: str) -> set[tuple[str, datetime, datetime]]:
        with self.lock:
            masters = [each for each in self.events[calendar].values() if each["status"] != "cancelled" and "recurringEventId" not in each]  # fmt: skip
            return {self.shown(calendar, each, start) for each in masters for _, start, _ in self._occurrences(calendar, each) if self.is_shown(calendar, each, start)}  # fmt: skip

    def _occurrences(self, calendar: str, event: Json) -> Iterator[tuple[str, datetime, datetime]]:
        start, end = moment_of(event["start"]), moment_of(event["end"])
        if "recurrence" not in event:
            yield event.get("summary", ""), start, end
            return
        local = start.astimezone(zone(event["start"]["timeZone"]))
        for found in expanded(event["recurrence"], local):
            yield event.get("summary", ""), found, found + (end - start)

    def is_shown(self, calendar: str, event: Json, start: datetime) -> bool:
        return "recurrence" not in event or self._instance(calendar, event["id"], start)["status"] != "cancelled"

    def shown(self, calendar: str, event: Json, start: datetime) -> tuple[str, datetime, datetime]:
        each = event if "recurrence" not in event else self._instance(calendar, event["id"], start)
        return each.get("summary", "No title"), moment_of(each["start"]), moment_of(each["end"])


def moment_of(time: Json) -> datetime:
    if "date" in time:
        return datetime.fromisoformat(time["date"]).replace(tzinfo=zone("Europe/Berlin")).astimezone(UTC)
    return datetime.fromisoformat(time["dateTime"]).astimezone(UTC)


def expanded(lines: list[str], local: datetime) -> list[datetime]:
    """The starts of a series in its zone, without what its own lines leave out."""
    rule = next(line for line in lines if line.startswith("RRULE"))
    until = re.sub(r"UNTIL=(\d{8}T\d{6})Z", lambda found: f"UNTIL={datetime.strptime(found[1], '%Y%m%dT%H%M%S').replace(tzinfo=UTC).astimezone(local.tzinfo):%Y%m%dT%H%M%S}", rule)  # fmt: skip
    starts = [each.replace(tzinfo=local.tzinfo).astimezone(UTC) for each in islice(rrulestr(until, dtstart=local.replace(tzinfo=None)), 400)]  # fmt: skip
    excluded = {found for line in lines if line.startswith("EXDATE") for found in re.findall(r"\d{8}T\d{6}", line)}
    return [each for each in starts if f"{each.astimezone(local.tzinfo):%Y%m%dT%H%M%S}" not in excluded]


class Outlook(ProviderDouble):
    kind = "outlook"

    def api(self, method: str, path: str, query: Json, match: str | None, body: Json) -> Any:  # noqa: PLR0911 (one for each address)
        if path == "/me/calendars":
            calendars = [{"id": name, "name": name, "canEdit": role == "owner", "isDefaultCalendar": name == "work", "owner": {"address": "ada@example.com"}} for name, role in self.names.items()]  # fmt: skip
            return {"value": calendars}
        if path.startswith("/subscriptions"):
            return self._subscription(method, path.rpartition("/")[2], body)
        if found := re.fullmatch(r"/me/calendars/([^/]+)/events", path):
            return self._insert(found[1], body)
        if found := re.fullmatch(r"/me/calendars/([^/]+)/calendarView/delta", path):
            return self._delta(found[1], query)
        parts = re.fullmatch(r"/me/calendars/[^/]+/events/([^/]+)(/instances)?", path)
        assert parts, path
        calendar, event = self._find(parts[1])
        if parts[2]:
            begin, end = (datetime.fromisoformat(query[name]) for name in ("startDateTime", "endDateTime"))
            return {"value": [each for each in self._instances(calendar, event) if begin <= graph_moment(each["start"]) < end]}  # fmt: skip
        if method == "GET" and "$select" in query:
            return {name: event[name] for name in query["$select"].split(",")}
        if method == "GET":
            exceptions = self._exceptions(calendar, event) if "$expand" in query else None
            return {name: value for name, value in event.items() if name != "cancelledOccurrences"} | (
                {"exceptionOccurrences": exceptions} if exceptions is not None else {}
            )
        self.check(match, event["@odata.etag"])
        if method == "PATCH":
            return self._store(calendar, self._without_exceptions(calendar, event, merged(event, body)))
        self._remove(calendar, event)
        return None

    def _without_exceptions(self, calendar: str, before: Json, after: Json) -> Json:
        """Exceptions of a series do not outlast a change of when it takes place."""
        is_same = graph_moment(before["start"]) == graph_moment(after["start"])
        if is_same and before.get("recurrence") == after.get("recurrence"):
            return after
        for each in self._exceptions(calendar, before):
            del self.events[calendar][each["id"]]
        return after | {"cancelledOccurrences": []}

    def _subscription(self, method: str, id_: str, body: Json) -> Any:
        if method == "DELETE":
            return self.channels.pop(id_) and None
        if method == "PATCH":
            self.channels[id_] |= body
            return {}
        if any(each["resource"] == body["resource"] for each in self.channels.values()):
            raise Answered(409, {"error": {"message": "There is such a subscription."}})
        self.channels[id_ := uuid4().hex] = body
        return body | {"id": id_}

    def _find(self, id_: str) -> tuple[str, Json]:
        for calendar, events in self.events.items():
            if id_ in events and not events[id_].get(DELETED):
                return calendar, events[id_]
            for event in [each for each in events.values() if each.get("type") == "seriesMaster" and id_.startswith(f"{each['id']}.")]:  # fmt: skip
                for each in self._instances(calendar, event):
                    if each["id"] == id_:
                        return calendar, each
        raise Answered(404, {"error": {"code": "ErrorItemNotFound", "message": "The specified object was not found."}})

    def _store(self, calendar: str, event: Json) -> Json:
        event = {
            "createdDateTime": stamp(),
            "isAllDay": False,
            "showAs": "busy",
            **event,
            "lastModifiedDateTime": stamp(),
        }
        if event.get("type") in {"occurrence", "exception"}:
            event["type"] = "exception"
            self._store(calendar, self.events[calendar][event["seriesMasterId"]])
        else:
            event["type"] = "seriesMaster" if event.get("recurrence") else "singleInstance"
        for name in ("start", "end"):
            event[name] = graph_time(graph_moment(event[name]))
        event["@odata.etag"] = f'W/"{self.number + 1}"'
        return self.touch(calendar, event)

    def _insert(self, calendar: str, body: Json) -> Json:
        for each in self.events[calendar].values():
            if (
                body.get("transactionId")
                and each.get("transactionId") == body["transactionId"]
                and not each.get(DELETED)
            ):
                return each
        names = {"originalStartTimeZone": body["start"]["timeZone"], "cancelledOccurrences": []}
        return self._store(calendar, merged({}, body) | names | {"id": f"AAMk{uuid4().hex[:12]}="})

    def _remove(self, calendar: str, event: Json) -> None:
        if event["type"] in {"occurrence", "exception"}:
            series = self.events[calendar][event["seriesMasterId"]]
            gone = [*series["cancelledOccurrences"], f"OID.{series['id']}.{event['id'].rpartition('.')[2]}"]
            self._store(calendar, series | {"cancelledOccurrences": gone})
        for each in [each for each in self.events[calendar].values() if each.get("seriesMasterId") == event["id"]]:
            self.touch(calendar, {"id": each["id"], DELETED: True})
        self.touch(calendar, {"id": event["id"], DELETED: True})

    def _exceptions(self, calendar: str, series: Json) -> list[Json]:
        return [each for each in self.events[calendar].values() if each.get("seriesMasterId") == series["id"]]

    def _instances(self, calendar: str, series: Json) -> list[Json]:
        """What takes place of a series: occurrences as the series is, and exceptions."""
        here = windows_zones.find(series["originalStartTimeZone"]) or UTC
        start, end = graph_moment(series["start"]), graph_moment(series["end"])
        gone = {each.rpartition(".")[2] for each in series["cancelledOccurrences"]}
        found = []
        for begins in expanded([*to_rule(series["recurrence"], start.astimezone(here))], start.astimezone(here)):
            day = f"{begins.astimezone(here):%Y-%m-%d}"
            id_ = f"{series['id']}.{day}"
            plain = {
                name: value for name, value in series.items() if name not in {"recurrence", "cancelledOccurrences"}
            }
            plain |= {"id": id_, "type": "occurrence", "seriesMasterId": series["id"]}
            plain |= {"start": graph_time(begins), "end": graph_time(begins + (end - start)), "originalStart": f"{begins:%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
            kept = self.events[calendar].get(id_, plain)
            if day not in gone and not kept.get(DELETED):
                found.append(kept)
        return found

    def _delta(self, calendar: str, query: Json) -> Json:
        since, upto, span = 0, self.number, query.get("startDateTime", "") + "/" + query.get("endDateTime", "")
        if token := query.get("$deltatoken") or query.get("$skiptoken"):
            given, _, span = token.partition("|")
            since, upto, *rest = map(int, given.split("."))
            if "$deltatoken" in query and since < self.forgets_before:
                raise Answered(410, {"error": {"code": "SyncStateNotFound", "message": "Begin again."}})
            upto = upto if rest else self.number
            query = {"at": str(rest[0])} if rest else {}
        begin, end = map(datetime.fromisoformat, span.split("/"))
        items = []
        for id_, event in self.events[calendar].items():
            if self.changed[id_] <= since:
                continue
            if event.get(DELETED):
                items += [{"id": id_, "@removed": {"reason": "deleted"}}] if since else []
            elif event["type"] == "seriesMaster":
                named = ("id", "type", "seriesMasterId", "start", "end")
                items += [event, *({name: each[name] for name in named} for each in self._instances(calendar, event))]
            elif event["type"] == "singleInstance" and begin <= graph_moment(event["start"]) < end:
                items.append(event)
        chosen, following = self.page_of(items, query, "at")
        link = f"{self.base}/api/me/calendars/{calendar}/calendarView/delta"
        if following:
            return {"value": chosen, "@odata.nextLink": f"{link}?{urlencode({'$skiptoken': f'{since}.{upto}.{following}|{span}'})}"}  # fmt: skip
        return {"value": chosen, "@odata.deltaLink": f"{link}?{urlencode({'$deltatoken': f'{upto}.0|{span}'})}"}

    # what another program does

    def add(
        self, calendar: str, title: str, begins: datetime, ends: datetime, rule: str | None = None, **more: Any
    ) -> str:
        with self.lock:
            name = windows_zones.name_of(str(begins.tzinfo))
            times = {"start": begins, "end": ends.astimezone(begins.tzinfo)}
            body: Json = {"subject": title, **more}
            body |= {
                each: {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}", "timeZone": name} for each, moment in times.items()
            }
            if rule:
                body["recurrence"] = from_rule((f"RRULE:{rule}",), begins)
            return str(self._insert(calendar, body)["id"])

    def _at(self, calendar: str, id_: str, at: datetime | None) -> Json:
        event = self.events[calendar][id_]
        if at is None:
            return event
        moment = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return next(each for each in self._instances(calendar, event) if each["originalStart"] == moment)

    def rename(self, calendar: str, id_: str, title: str, at: datetime | None = None) -> None:
        with self.lock:
            self._store(calendar, self._at(calendar, id_, at) | {"subject": title})

    def remove(self, calendar: str, id_: str, at: datetime | None = None) -> None:
        with self.lock:
            self._remove(calendar, self._at(calendar, id_, at))

    def _masters(self, calendar: str) -> list[Json]:
        return [
            each for each in self.events[calendar].values() if not each.get(DELETED) and "seriesMasterId" not in each
        ]

    def _shown(self, calendar: str, event: Json) -> list[Json]:
        return self._instances(calendar, event) if event["type"] == "seriesMaster" else [event]

    def series(self, calendar: str) -> dict[str, list[datetime]]:
        with self.lock:
            return {
                each["id"]: [
                    datetime.fromisoformat(found.get("originalStart", STAMP)) for found in self._shown(calendar, each)
                ]
                for each in self._masters(calendar)
            }

    def titles(self, calendar: str, id_: str) -> set[str]:
        with self.lock:
            return {each["subject"] for each in self._shown(calendar, self.events[calendar][id_])} | {self.events[calendar][id_]["subject"]}  # fmt: skip

    def occurrences(self, calendar: str) -> set[tuple[str, datetime, datetime]]:
        with self.lock:
            shown = [found for each in self._masters(calendar) for found in self._shown(calendar, each)]
            return {(each["subject"], graph_moment(each["start"]), graph_moment(each["end"])) for each in shown}


STAMP = "2000-01-01T00:00:00Z"


def graph_moment(time: Json) -> datetime:
    here = windows_zones.find(time["timeZone"])
    assert here is not None, time
    return datetime.fromisoformat(time["dateTime"][:19]).replace(tzinfo=here).astimezone(UTC)


def graph_time(moment: datetime) -> Json:
    return {"dateTime": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


@contextmanager
def running(make: Callable[[], Double]) -> Iterator[Double]:
    with make() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
