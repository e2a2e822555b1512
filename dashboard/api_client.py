"""A small typed client of the API. What goes wrong is raised as the problem that the API named."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Self

import httpx2

from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Problem, Unavailable

KINDS: dict[int, type[Problem]] = {
    401: NotSignedIn, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Conflict, 422: Invalid, 429: Unavailable, 503: Unavailable,
}  # fmt: skip

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave. The refresh token is good for one use."""

    access: str
    refresh: str
    expires_in: int


class Client:
    """Calls on the API of one installation, as one person once signed in. A context manager."""

    def __init__(
        self, address: str, access_token: str | None = None, *, on_behalf_of: str | None = None, timeout: float = 10
    ) -> None:
        """`on_behalf_of` is the address of the person for whom a server calls: tries at a password count for theirs."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        headers |= {"X-Forwarded-For": on_behalf_of} if on_behalf_of else {}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False, verify=_tls())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def register(self, email: str, password: str, display_name: str, timezone: str) -> None:
        body = {"email": email, "password": password, "display_name": display_name, "timezone": timezone}
        self._call("POST", "/api/v1/auth/register", json=body)

    def forgot_password(self, email: str) -> None:
        self._call("POST", "/api/v1/auth/forgot-password", json={"email": email})

    def reset_password(self, token: str, new_password: str) -> None:
        self._call("POST", "/api/v1/auth/reset-password", json={"token": token, "new_password": new_password})

    def verify_email(self, token: str) -> None:
        self._call("POST", "/api/v1/auth/verify-email", json={"token": token})

    def change_password(self, password: str, new_password: str) -> Tokens:
        """Every other sign-in ends; this client goes on."""
        body = {"password": password, "new_password": new_password}
        return self._signed_in(self._call("POST", "/api/v1/auth/change-password", json=body))

    def login(self, email: str, password: str) -> Tokens:
        """Sign in. This client acts as that person from now on."""
        return self._signed_in(self._call("POST", "/api/v1/auth/login", json={"email": email, "password": password}))

    def refresh(self, refresh_token: str) -> Tokens:
        return self._signed_in(self._call("POST", "/api/v1/auth/refresh", json={"refresh_token": refresh_token}))

    def sessions(self) -> list[Json]:
        return self._items("/api/v1/auth/sessions")

    def end_session(self, sign_in_id: str) -> None:
        self._call("DELETE", f"/api/v1/auth/sessions/{sign_in_id}")

    def end_all_sessions(self) -> None:
        """This one too."""
        self._call("DELETE", "/api/v1/auth/sessions")

    def logout(self) -> None:
        self._call("POST", "/api/v1/auth/logout")

    def me(self) -> Json:
        return self._call("GET", "/api/v1/me")

    def change_me(self, **changes: Any) -> Json:
        return self._call("PATCH", "/api/v1/me", json=changes)

    def create_task(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/tasks", json={"title": title, **fields})

    def tasks(self, **wanted: Any) -> Iterator[Json]:
        """All tasks that match, page by page."""
        return self._pages("/api/v1/tasks", wanted)

    def search_tasks(self, words: str, limit: int = 20) -> list[Json]:
        return self._items("/api/v1/tasks/search", q=words, limit=limit)

    def task(self, task_id: str) -> Json:
        return self._call("GET", f"/api/v1/tasks/{task_id}")

    def change_task(self, task_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/tasks/{task_id}", json=changes)

    def complete_task(self, task_id: str, *, cascade: bool = False) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/complete", params={"cascade": cascade})

    def snooze_task(self, task_id: str, until: datetime) -> Json:
        """Put it out of sight: it cannot be begun before that moment. Its due date stays."""
        return self.change_task(task_id, start_at=until.isoformat())

    def reopen_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/reopen")

    def delete_task(self, task_id: str) -> None:
        self._call("DELETE", f"/api/v1/tasks/{task_id}")

    def archive_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/archive")

    def restore_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/restore")

    def duplicate_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/duplicate")

    def subtasks(self, task_id: str) -> list[Json]:
        return self._items(f"/api/v1/tasks/{task_id}/subtasks")

    def task_score(self, task_id: str) -> Json:
        return self._call("GET", f"/api/v1/tasks/{task_id}/score")

    def complete_tasks(self, ids: Sequence[str]) -> Json:
        """All of them, or none; and so with the next two."""
        return self._call("POST", "/api/v1/tasks/bulk/complete", json={"ids": list(ids)})

    def change_tasks(self, ids: Sequence[str], **changes: Any) -> Json:
        return self._call("POST", "/api/v1/tasks/bulk/update", json={"ids": list(ids), "changes": changes})

    def delete_tasks(self, ids: Sequence[str]) -> Json:
        return self._call("POST", "/api/v1/tasks/bulk/delete", json={"ids": list(ids)})

    def create_goal(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/goals", json={"title": title, **fields})

    def goals(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/goals", wanted)

    def goal(self, goal_id: str) -> Json:
        return self._call("GET", f"/api/v1/goals/{goal_id}")

    def change_goal(self, goal_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/goals/{goal_id}", json=changes)

    def pause_goal(self, goal_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/pause")

    def resume_goal(self, goal_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/resume")

    def cancel_goal(self, goal_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/cancel")

    def complete_goal(self, goal_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/complete")

    def delete_goal(self, goal_id: str) -> None:
        self._call("DELETE", f"/api/v1/goals/{goal_id}")

    def progress(self, goal_id: str, **wanted: Any) -> Iterator[Json]:
        """How a goal came along, the newest first."""
        return self._pages(f"/api/v1/goals/{goal_id}/progress", wanted)

    def record_progress(self, goal_id: str, value: float) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/progress", json={"value": value})

    def milestones(self, goal_id: str) -> list[Json]:
        return self._items(f"/api/v1/goals/{goal_id}/milestones")

    def add_milestone(self, goal_id: str, title: str, **fields: Any) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones", json={"title": title, **fields})

    def complete_milestone(self, goal_id: str, milestone_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}/complete")

    def change_milestone(self, goal_id: str, milestone_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}", json=changes)

    def skip_milestone(self, goal_id: str, milestone_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}/skip")

    def reopen_milestone(self, goal_id: str, milestone_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}/reopen")

    def delete_milestone(self, goal_id: str, milestone_id: str) -> None:
        self._call("DELETE", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}")

    def create_habit(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/habits", json={"title": title, **fields})

    def habits(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/habits", wanted)

    def habit(self, habit_id: str) -> Json:
        return self._call("GET", f"/api/v1/habits/{habit_id}")

    def change_habit(self, habit_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/habits/{habit_id}", json=changes)

    def archive_habit(self, habit_id: str) -> None:
        """It is not due any more; what was logged stays."""
        self._call("DELETE", f"/api/v1/habits/{habit_id}")

    def log_habit(self, habit_id: str, day: date, **fields: Any) -> Json:
        """Say that a habit was done on a day, or with `skipped` and `skip_reason` that it was not, for a reason."""
        return self._call("PUT", f"/api/v1/habits/{habit_id}/logs/{day}", json=fields)

    def unlog_habit(self, habit_id: str, day: date) -> None:
        self._call("DELETE", f"/api/v1/habits/{habit_id}/logs/{day}")

    def logs(self, habit_id: str, since: date, until: date) -> list[Json]:
        return self._items(f"/api/v1/habits/{habit_id}/logs", since=since, until=until)

    def streak(self, habit_id: str) -> Json:
        return self._call("GET", f"/api/v1/habits/{habit_id}/streak")

    def start_timer(self, task_id: str | None = None, *, switch: bool = False, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/time/start", json={"task_id": task_id, **fields}, params={"switch": switch})

    def stop_timer(self) -> Json:
        return self._call("POST", "/api/v1/time/stop")

    def running_timer(self) -> Json | None:
        running: Json | None = self._call("GET", "/api/v1/time/running")["running"]
        return running

    def log_time(self, started_at: datetime, ended_at: datetime, **fields: Any) -> Json:
        body = {"started_at": started_at.isoformat(), "ended_at": ended_at.isoformat(), **fields}
        return self._call("POST", "/api/v1/time", json=body)

    def time(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/time", wanted)

    def time_entry(self, entry_id: str) -> Json:
        return self._call("GET", f"/api/v1/time/{entry_id}")

    def change_time(self, entry_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/time/{entry_id}", json=_written(changes))

    def delete_time(self, entry_id: str) -> None:
        self._call("DELETE", f"/api/v1/time/{entry_id}")

    def create_event(self, title: str, start_at: datetime, end_at: datetime, **fields: Any) -> Json:
        body = {"title": title, "start_at": start_at.isoformat(), "end_at": end_at.isoformat(), **fields}
        return self._call("POST", "/api/v1/calendar", json=body)

    def event(self, event_id: str) -> Json:
        return self._call("GET", f"/api/v1/calendar/{event_id}")

    def change_event(self, event_id: str, **changes: Any) -> Json:
        """Of an appointment that recurs, all its times."""
        return self._call("PATCH", f"/api/v1/calendar/{event_id}", json=_written(changes))

    def delete_event(self, event_id: str) -> None:
        self._call("DELETE", f"/api/v1/calendar/{event_id}")

    def conflicts(self, since: date, until: date) -> list[Json]:
        """Where busy appointments overlap."""
        return self._items("/api/v1/calendar/conflicts", since=since, until=until)

    def occurrences(self, since: date, until: date) -> list[Json]:
        return self._items("/api/v1/calendar", since=since, until=until)

    def free_slots(self, since: date, until: date, minutes: int = 30) -> list[Json]:
        return self._items("/api/v1/calendar/free", since=since, until=until, minutes=minutes)

    def categories(self) -> list[Json]:
        return self._items("/api/v1/categories")

    def create_category(self, name: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/categories", json={"name": name, **fields})

    def category(self, category_id: str) -> Json:
        return self._call("GET", f"/api/v1/categories/{category_id}")

    def change_category(self, category_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/categories/{category_id}", json=changes)

    def delete_category(self, category_id: str) -> None:
        """Nothing may be in it any more."""
        self._call("DELETE", f"/api/v1/categories/{category_id}")

    def days_off(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/days-off", wanted)

    def create_days_off(self, first: date, last: date, reason: str = "vacation") -> Json:
        body = {"first_date": str(first), "last_date": str(last), "reason": reason}
        return self._call("POST", "/api/v1/days-off", json=body)

    def day_off(self, days_off_id: str) -> Json:
        return self._call("GET", f"/api/v1/days-off/{days_off_id}")

    def change_days_off(self, days_off_id: str, first: date, last: date, reason: str = "vacation") -> Json:
        body = {"first_date": str(first), "last_date": str(last), "reason": reason}
        return self._call("PUT", f"/api/v1/days-off/{days_off_id}", json=body)

    def delete_days_off(self, days_off_id: str) -> None:
        self._call("DELETE", f"/api/v1/days-off/{days_off_id}")

    def preferences(self) -> Json:
        return self._call("GET", "/api/v1/preferences")

    def change_preferences(self, **changes: Any) -> Json:
        return self._call("PATCH", "/api/v1/preferences", json=changes)

    def notifications(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/notifications", wanted)

    def notification(self, notification_id: str) -> Json:
        return self._call("GET", f"/api/v1/notifications/{notification_id}")

    def change_reminder(self, notification_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/notifications/{notification_id}", json=changes)

    def delete_notification(self, notification_id: str) -> None:
        self._call("DELETE", f"/api/v1/notifications/{notification_id}")

    def read_notification(self, notification_id: str) -> Json:
        return self._call("POST", f"/api/v1/notifications/{notification_id}/read")

    def read_all_notifications(self) -> int:
        """So many had not been read."""
        read: int = self._call("POST", "/api/v1/notifications/read-all")["read"]
        return read

    def create_reminder(self, title: str, at: datetime, **fields: Any) -> Json:
        body = {"title": title, "scheduled_at": at.isoformat(), **fields}
        return self._call("POST", "/api/v1/notifications", json=body)

    def api_keys(self) -> list[Json]:
        return self._items("/api/v1/keys")

    def create_api_key(self, name: str, scopes: Sequence[str]) -> Json:
        """The answer holds the key itself, this once."""
        return self._call("POST", "/api/v1/keys", json={"name": name, "scopes": list(scopes)})

    def revoke_key(self, key_id: str) -> None:
        self._call("DELETE", f"/api/v1/keys/{key_id}")

    def track(self, events: Sequence[Json]) -> Json:
        """Events of a client app, up to a thousand. The answer says how many were taken, and what is wrong with the others."""
        return self._call("POST", "/api/v1/events", json={"events": list(events)})

    def scores(self, limit: int = 20) -> list[Json]:
        return self._items("/api/v1/scores", limit=limit)

    def analytics(self, about: str, **wanted: Any) -> Json:
        """What the pipeline found out about productivity, tasks, goals, habits or the calendar; `first` and `last` are days."""
        named = {"from": wanted.pop("first", None), "to": wanted.pop("last", None), **wanted}
        params = {name: value for name, value in named.items() if value is not None}
        return self._call("GET", f"/api/v1/analytics/{about}", params=_written(params))

    def reports(self, **wanted: Any) -> Iterator[Json]:
        """The reports that you were due, and what became of their mails; asked for page by page."""
        return self._pages("/api/v1/reports", wanted)

    def report(self, report_id: str) -> Json:
        return self._call("GET", f"/api/v1/reports/{report_id}")

    def preview_report(self, kind: str = "weekly") -> Json:
        """What the report of the running week or month would say now."""
        return self._call("GET", "/api/v1/reports/preview", params={"kind": kind})

    def create_report(self, first: date, last: date, sections: Sequence[str] | None = None) -> Json:
        """A report of any days."""
        body: Json = {"first_day": f"{first}", "last_day": f"{last}"}
        return self._call("POST", "/api/v1/reports", json=body | ({"sections": list(sections)} if sections else {}))

    def report_page(self, report: str | tuple[date, date], form: str = "html") -> bytes:
        """A report as a page, a text or a PDF: one that was mailed, by its id; the `weekly` or `monthly` one as it would be now; or one
        of any days.
        """
        if not isinstance(report, str):
            body = {"first_day": f"{report[0]}", "last_day": f"{report[1]}"}
            return self._answer("POST", "/api/v1/reports", json=body, params={"format": form}).content
        if report in ("weekly", "monthly"):
            return self._answer("GET", "/api/v1/reports/preview", params={"kind": report, "format": form}).content
        return self._answer("GET", f"/api/v1/reports/{report}", params={"format": form}).content

    def plan_day(self, **options: Any) -> Json:
        """A plan that fits around appointments; `day`, `day_start` and `day_end` may be given."""
        return self._call("POST", "/api/v1/ai/daily-plan", json=_written(options))

    def accept_plan(self, plan_id: str) -> Json:
        """Put a plan into the calendar: its appointments as `items`, and as `no_room` what others have taken the place of since."""
        return self._call("POST", f"/api/v1/ai/daily-plan/{plan_id}/accept")

    def suggest_now(self, minutes: int = 30) -> Json | None:
        """What to do in the minutes at hand, if there is anything."""
        suggestion: Json | None = self._call("GET", "/api/v1/ai/smart-suggestion", params={"minutes": minutes})[
            "suggestion"
        ]
        return suggestion

    def task_suggestions(self) -> list[Json]:
        """Tasks that would lead to your goals."""
        return self._items("/api/v1/ai/task-suggestions")

    def insights(self, week: date | None = None) -> Json:
        """What stands out in a week; the last whole one if none is named."""
        return self._call("GET", "/api/v1/ai/productivity-insights", params=_written({"week": week} if week else {}))

    def analyze(self, first: date, last: date) -> Json:
        """How any days went, with the figures."""
        return self._call("GET", "/api/v1/ai/analyze-performance", params=_written({"from": first, "to": last}))

    def ai_usage(self) -> Json:
        """What finding words cost, and what is left."""
        return self._call("GET", "/api/v1/ai/usage")

    def product(self, table: str, **wanted: Any) -> Json:
        """Figures about all people together. For analysts and admins."""
        return self._call("GET", f"/api/v1/analytics/product/{table}", params=_written(wanted))

    def accounts(self, **wanted: Any) -> Iterator[Json]:
        """Every account. For admins, as are the next three."""
        return self._pages("/api/v1/admin/users", wanted)

    def change_account(self, user_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/admin/users/{user_id}", json=changes)

    def audit(self, **wanted: Any) -> Iterator[Json]:
        """Who did what to accounts and keys."""
        return self._pages("/api/v1/admin/audit", wanted)

    def pipeline(self) -> Json:
        """How far events and figures have come."""
        return self._call("GET", "/api/v1/admin/pipeline")

    def _items(self, path: str, **wanted: Any) -> list[Json]:
        items: list[Json] = self._call("GET", path, params=_written(wanted))["items"]
        return items

    def _pages(self, path: str, wanted: Mapping[str, Any]) -> Iterator[Json]:
        cursor = None
        while True:
            params = _written(wanted) | ({"cursor": cursor} if cursor else {})
            page = self._call("GET", path, params=params)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _signed_in(self, answer: Json) -> Tokens:
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return Tokens(answer["access_token"], answer["refresh_token"], answer["expires_in"])

    def _call(
        self, method: str, path: str, *, json: Json | None = None, params: Mapping[str, Any] | None = None
    ) -> Json:
        answer = self._answer(method, path, json=json, params=params)
        return answer.json() if answer.content else {}

    def _answer(
        self, method: str, path: str, *, json: Json | None = None, params: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, json=json, params=params)
        except httpx2.HTTPError as error:
            raise Unavailable(f"The API under {self._http.base_url} does not answer.") from error
        if answer.is_success:
            return answer
        raise KINDS.get(answer.status_code, Problem)(_detail(answer))


@cache
def _tls() -> ssl.SSLContext:
    """One for all clients: reading the certificates of all authorities takes longer than most calls."""
    return httpx2.create_ssl_context(trust_env=False)


def _written(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, date) else value for name, value in wanted.items()}


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The API answered {answer.status_code}."
