"""The calls that the dashboard makes on the API. An error is raised as the problem that the API named."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Self

import httpx2

from dashboard.field_errors import in_words
from focusflow import forwarding
from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Problem, Unavailable
from focusflow.i18n import gettext

KINDS: dict[int, type[Problem]] = {
    401: NotSignedIn, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Conflict, 422: Invalid, 429: Unavailable, 503: Unavailable,
}  # fmt: skip

Json = dict[str, Any]


class CodeNeeded(NotSignedIn):
    """Enter a code of your authenticator app."""

    ticket = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave. The refresh token is good for one use."""

    access: str
    refresh: str
    expires_in: int


class Client:
    """Calls on the API of one installation, as one user once signed in. A context manager."""

    def __init__(
        self,
        address: str,
        access_token: str | None = None,
        *,
        on_behalf_of: str | None = None,
        signing_key: str | None = None,
        timeout: float = 10,
    ) -> None:
        """`on_behalf_of` is the address of the browser for which a server calls: attempts count for it, where the API trusts the server, or
        the server signs it with the key of the installation.
        """
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        if on_behalf_of:
            headers["X-Forwarded-For"] = on_behalf_of
            if signing_key:
                headers[forwarding.HEADER] = forwarding.signed(signing_key, on_behalf_of)
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False, verify=_tls())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def register(self, email: str, password: str, display_name: str, timezone: str, locale: str | None = None) -> None:
        body = {
            "email": email,
            "password": password,
            "display_name": display_name,
            "timezone": timezone,
            "locale": locale,
        }
        self._call("POST", "/api/v1/auth/register", json=body)

    def forgot_password(self, email: str) -> None:
        self._call("POST", "/api/v1/auth/forgot-password", json={"email": email})

    def reset_password(self, token: str, new_password: str) -> None:
        self._call("POST", "/api/v1/auth/reset-password", json={"token": token, "new_password": new_password})

    def verify_email(self, token: str) -> None:
        self._call("POST", "/api/v1/auth/verify-email", json={"token": token})

    def change_email(self, email: str) -> None:
        """Both addresses get a link."""
        self._call("POST", "/api/v1/auth/change-email", json={"email": email})

    def confirm_email(self, token: str) -> None:
        self._call("POST", "/api/v1/auth/confirm-email", json={"token": token})

    def resend_verification(self) -> None:
        self._call("POST", "/api/v1/auth/verify-email/resend")

    def change_password(self, password: str, new_password: str, *, revoke_keys: bool = False) -> None:
        """Every other sign-in ends; this client goes on."""
        body = {"password": password, "new_password": new_password, "revoke_keys": revoke_keys}
        answer = self._call("POST", "/api/v1/auth/change-password", json=body)
        if answer["refresh_token"] is not None:
            self._signed_in(answer)

    def login(self, email: str, password: str) -> Tokens:
        """Sign in. This client acts as that user from now on."""
        return self._signed_in(self._call("POST", "/api/v1/auth/login", json={"email": email, "password": password}))

    def begin_session(self, email: str, password: str) -> str:
        """Sign in for a browser. Returns the secret of the session, to be used like an access token."""
        token: str = self._call("POST", "/api/v1/auth/sessions", json={"email": email, "password": password})["token"]
        return token

    def begin_session_with_code(self, ticket: str, code: str) -> str:
        """Complete a sign-in that needs a code. Returns the secret of the session."""
        body = {"ticket": ticket, "code": code}
        token: str = self._call("POST", "/api/v1/auth/sessions/code", json=body)["token"]
        return token

    def confirmation(self) -> Json:
        """Whether dangerous calls need a confirmation of who the user is, and by what."""
        return self._call("GET", "/api/v1/auth/confirm")

    def confirm(self, **answer: str) -> None:
        """By `password` or `code`."""
        self._call("POST", "/api/v1/auth/confirm", json=answer)

    def two_factor(self) -> Json:
        return self._call("GET", "/api/v1/auth/two-factor")

    def begin_two_factor(self) -> Json:
        """A key for an authenticator app."""
        return self._call("POST", "/api/v1/auth/two-factor")

    def turn_on_two_factor(self, code: str) -> list[str]:
        """Returns the recovery codes."""
        codes: list[str] = self._call("POST", "/api/v1/auth/two-factor/on", json={"code": code})["codes"]
        return codes

    def renew_recovery_codes(self) -> list[str]:
        codes: list[str] = self._call("POST", "/api/v1/auth/two-factor/recovery-codes")["codes"]
        return codes

    def turn_off_two_factor(self) -> None:
        self._call("DELETE", "/api/v1/auth/two-factor")

    def begin_single_sign_on(self, *, is_confirmation: bool = False) -> Json:
        return self._call("POST", "/api/v1/auth/oidc", params={"is_confirmation": is_confirmation})

    def finish_single_sign_on(self, secret: str, state: str, code: str) -> str:
        """Sign in for a browser with the answer of the provider. Returns the secret of the session."""
        body = {"secret": secret, "state": state, "code": code}
        token: str = self._call("POST", "/api/v1/auth/oidc/callback", json=body)["token"]
        return token

    def provider_sign_out_url(self) -> str | None:
        url: str | None = self._call("GET", "/api/v1/auth/oidc")["sign_out_url"]
        return url

    def end_provider_sessions(self, logout_token: str) -> None:
        """Pass on what the provider says: a session there has ended."""
        self._call("POST", "/api/v1/auth/oidc/sign-out", json={"logout_token": logout_token})

    def keep_session(self) -> None:
        """Tell that the user of this session did something."""
        self._call("POST", "/api/v1/auth/sessions/current/seen")

    def sessions(self) -> list[Json]:
        return self._items("/api/v1/auth/sessions")

    def end_session(self, sign_in_id: str) -> None:
        self._call("DELETE", f"/api/v1/auth/sessions/{sign_in_id}")

    def end_all_sessions(self, *, revoke_keys: bool) -> None:
        """Sign out everywhere, here too."""
        self._call("DELETE", "/api/v1/auth/sessions", params={"revoke_keys": revoke_keys})

    def logout(self) -> None:
        self._call("POST", "/api/v1/auth/logout")

    def me(self) -> Json:
        return self._call("GET", "/api/v1/me")

    def change_me(self, **changes: Any) -> Json:
        return self._call("PATCH", "/api/v1/me", json=changes)

    def request_personal_data(self) -> Json:
        """Ask for an export of everything about this user."""
        return self._call("POST", "/api/v1/me/export")

    def personal_data(self) -> Json | None:
        """The newest export, if there is one."""
        try:
            return self._call("GET", "/api/v1/me/export")
        except NotFound:
            return None

    def personal_data_file(self) -> bytes:
        return self._answer("GET", "/api/v1/me/export/download").content

    def erase_account(self, password: str = "") -> Json:
        """Ask to erase this account after the grace period. An account without a password needs a recent sign-in instead."""
        return self._call("DELETE", "/api/v1/me", json={"password": password})

    def cancel_erasure(self) -> None:
        self._call("DELETE", "/api/v1/me/erasure")

    def create_task(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/tasks", json={"title": title, **fields})

    def tasks(self, **wanted: Any) -> Iterator[Json]:
        """All tasks that match, page by page."""
        return self._pages("/api/v1/tasks", wanted)

    def task(self, task_id: str) -> Json:
        return self._call("GET", f"/api/v1/tasks/{task_id}")

    def search_tasks(self, words: str, limit: int = 20) -> list[Json]:
        """The best matches, also of misspelt words."""
        return self._items("/api/v1/tasks/search", q=words, limit=limit)

    def parse_task(self, line: str) -> Json:
        """A line as the fields of a task, and which parts of it were `understood`."""
        return self._call("POST", "/api/v1/tasks/parse", json={"text": line})

    def change_task(self, task_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/tasks/{task_id}", json=changes)

    def change_tasks(self, task_ids: Sequence[str], **changes: Any) -> list[Json]:
        """The same change for all of them, or for none."""
        body = {"ids": list(task_ids), "changes": changes}
        items: list[Json] = self._call("POST", "/api/v1/tasks/bulk/update", json=body)["items"]
        return items

    def complete_tasks(self, task_ids: Sequence[str]) -> list[Json]:
        items: list[Json] = self._call("POST", "/api/v1/tasks/bulk/complete", json={"ids": list(task_ids)})["items"]
        return items

    def delete_tasks(self, task_ids: Sequence[str]) -> list[Json]:
        items: list[Json] = self._call("POST", "/api/v1/tasks/bulk/delete", json={"ids": list(task_ids)})["items"]
        return items

    def reopen_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/reopen")

    def delete_task(self, task_id: str) -> None:
        self._call("DELETE", f"/api/v1/tasks/{task_id}")

    def restore_task(self, task_id: str) -> Json:
        """Bring back a task that was archived or deleted."""
        return self._call("POST", f"/api/v1/tasks/{task_id}/restore")

    def subtasks(self, task_id: str) -> list[Json]:
        return self._items(f"/api/v1/tasks/{task_id}/subtasks")

    def what_if(self, task_id: str, **changes: Any) -> Json:
        """The score and rank of a task with these changes, which are not saved."""
        return self._call("POST", f"/api/v1/tasks/{task_id}/what-if", json=changes)

    def complete_task(self, task_id: str, *, cascade: bool = False) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/complete", params={"cascade": cascade})

    def snooze_task(self, task_id: str, until: datetime) -> Json:
        """Put it out of sight: it cannot be begun before that moment. Its due date stays."""
        return self._call("PATCH", f"/api/v1/tasks/{task_id}", json={"start_at": until.isoformat()})

    def create_goal(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/goals", json={"title": title, **fields})

    def goals(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/goals", wanted)

    def record_progress(self, goal_id: str, value: float) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/progress", json={"value": value})

    def milestones(self, goal_id: str) -> list[Json]:
        return self._items(f"/api/v1/goals/{goal_id}/milestones")

    def add_milestone(self, goal_id: str, title: str, **fields: Any) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones", json={"title": title, **fields})

    def complete_milestone(self, goal_id: str, milestone_id: str) -> Json:
        return self._call("POST", f"/api/v1/goals/{goal_id}/milestones/{milestone_id}/complete")

    def create_habit(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/habits", json={"title": title, **fields})

    def habits(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/habits", wanted)

    def log_habit(self, habit_id: str, day: date, **fields: Any) -> Json:
        """Say that a habit was done on a day, or with `skipped` and `skip_reason` that it was not, for a reason."""
        return self._call("PUT", f"/api/v1/habits/{habit_id}/logs/{day}", json=fields)

    def unlog_habit(self, habit_id: str, day: date) -> None:
        self._call("DELETE", f"/api/v1/habits/{habit_id}/logs/{day}")

    def logs(self, habit_id: str, since: date, until: date) -> list[Json]:
        return self._items(f"/api/v1/habits/{habit_id}/logs", since=since, until=until)

    def habits_of_day(self, day: date) -> list[Json]:
        return self._items("/api/v1/habits/day", day=day)

    def streak(self, habit_id: str) -> Json:
        return self._call("GET", f"/api/v1/habits/{habit_id}/streak")

    def start_timer(self, task_id: str | None = None, *, switch: bool = False, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/time/start", json={"task_id": task_id, **fields}, params={"switch": switch})

    def stop_timer(self) -> Json:
        return self._call("POST", "/api/v1/time/stop")

    def resume_timer(self, entry_id: str) -> Json:
        """Let a timer that was just stopped run on."""
        return self._call("POST", f"/api/v1/time/{entry_id}/resume")

    def delete_time(self, entry_id: str) -> None:
        self._call("DELETE", f"/api/v1/time/{entry_id}")

    def running_timer(self) -> Json | None:
        running: Json | None = self._call("GET", "/api/v1/time/running")["running"]
        return running

    def log_time(self, started_at: datetime, ended_at: datetime, **fields: Any) -> Json:
        body = {"started_at": started_at.isoformat(), "ended_at": ended_at.isoformat(), **fields}
        return self._call("POST", "/api/v1/time", json=body)

    def occurrences(self, since: date, until: date) -> list[Json]:
        return self._items("/api/v1/calendar", since=since, until=until)

    def categories(self) -> list[Json]:
        return self._items("/api/v1/categories")

    def create_category(self, name: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/categories", json={"name": name, **fields})

    def days_off(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/days-off", wanted)

    def create_days_off(self, first: date, last: date, reason: str = "vacation") -> Json:
        body = {"first_date": str(first), "last_date": str(last), "reason": reason}
        return self._call("POST", "/api/v1/days-off", json=body)

    def delete_days_off(self, days_off_id: str) -> None:
        self._call("DELETE", f"/api/v1/days-off/{days_off_id}")

    def preferences(self) -> Json:
        return self._call("GET", "/api/v1/preferences")

    def change_preferences(self, **changes: Any) -> Json:
        return self._call("PATCH", "/api/v1/preferences", json=changes)

    def notifications(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/notifications", wanted)

    def read_notification(self, notification_id: str) -> Json:
        return self._call("POST", f"/api/v1/notifications/{notification_id}/read")

    def read_all_notifications(self) -> int:
        """Number of notifications that were unread."""
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

    def channels(self) -> list[Json]:
        return self._items("/api/v1/channels")

    def create_channel(self, name: str, address: str, kinds: Sequence[str]) -> Json:
        return self._call("POST", "/api/v1/channels", json={"name": name, "address": address, "kinds": list(kinds)})

    def change_channel(self, channel_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/channels/{channel_id}", json=changes)

    def delete_channel(self, channel_id: str) -> None:
        self._call("DELETE", f"/api/v1/channels/{channel_id}")

    def test_channel(self, channel_id: str) -> Json:
        return self._call("POST", f"/api/v1/channels/{channel_id}/test")

    def channel_deliveries(self, channel_id: str) -> list[Json]:
        return self._items(f"/api/v1/channels/{channel_id}/deliveries")

    def incoming_hooks(self) -> list[Json]:
        return self._items("/api/v1/incoming-hooks")

    def create_incoming_hook(self, name: str, target: str, mapping: Mapping[str, str]) -> Json:
        """The answer holds its address, this once."""
        body = {"name": name, "target": target, "mapping": dict(mapping)}
        return self._call("POST", "/api/v1/incoming-hooks", json=body)

    def preview_incoming_hook(self, target: str, mapping: Mapping[str, str], body: Any) -> Json:
        """What a message would become."""
        tried = {"target": target, "mapping": dict(mapping), "body": body}
        return self._call("POST", "/api/v1/incoming-hooks/preview", json=tried)

    def delete_incoming_hook(self, hook_id: str) -> None:
        self._call("DELETE", f"/api/v1/incoming-hooks/{hook_id}")

    def webhooks(self) -> list[Json]:
        return self._items("/api/v1/webhooks")

    def create_webhook(self, url: str, event_types: Sequence[str], **fields: Any) -> Json:
        """The answer holds its secret, this once."""
        return self._call("POST", "/api/v1/webhooks", json={"url": url, "event_types": list(event_types), **fields})

    def change_webhook(self, endpoint_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/webhooks/{endpoint_id}", json=changes)

    def delete_webhook(self, endpoint_id: str) -> None:
        self._call("DELETE", f"/api/v1/webhooks/{endpoint_id}")

    def rotate_webhook_secret(self, endpoint_id: str) -> str:
        """The new secret, this once. The old one is valid for another day."""
        secret: str = self._call("POST", f"/api/v1/webhooks/{endpoint_id}/rotate-secret")["secret"]
        return secret

    def test_webhook(self, endpoint_id: str) -> Json:
        return self._call("POST", f"/api/v1/webhooks/{endpoint_id}/test")

    def webhook_deliveries(self, endpoint_id: str, **wanted: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/webhooks/{endpoint_id}/deliveries", wanted)

    def redeliver_webhooks(self, endpoint_id: str) -> int:
        """Send everything again that was given up."""
        count: int = self._call("POST", f"/api/v1/webhooks/{endpoint_id}/redeliver")["count"]
        return count

    def redeliver_webhook(self, endpoint_id: str, delivery_id: str) -> Json:
        return self._call("POST", f"/api/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/redeliver")

    def imports(self, **wanted: Any) -> Iterator[Json]:
        return self._pages("/api/v1/imports", wanted)

    def import_(self, import_id: str) -> Json:
        """An import with its findings."""
        return self._call("GET", f"/api/v1/imports/{import_id}")

    def upload_import(self, file_name: str, content: bytes, format_name: str | None = None) -> Json:
        """A file to be read. Nothing is imported before its preview is confirmed."""
        params = {"file_name": file_name} | ({"format": format_name} if format_name else {})
        return self._call("POST", "/api/v1/imports", params=params, content=content)

    def preview_import(self, import_id: str, **changes: Any) -> Json:
        """Read the file again as another `format`, or with other `columns`."""
        return self._call("POST", f"/api/v1/imports/{import_id}/preview", json=changes)

    def confirm_import(self, import_id: str) -> Json:
        return self._call("POST", f"/api/v1/imports/{import_id}/confirm")

    def undo_import(self, import_id: str) -> Json:
        """Undo an import, or delete its preview."""
        return self._call("DELETE", f"/api/v1/imports/{import_id}")

    def feed(self) -> Json:
        """Since when there is a calendar feed."""
        return self._call("GET", "/api/v1/calendar/feed")

    def create_feed(self) -> str:
        """The address of the feed, this once. An earlier one stops working."""
        url: str = self._call("POST", "/api/v1/calendar/feed")["url"]
        return url

    def revoke_feed(self) -> None:
        self._call("DELETE", "/api/v1/calendar/feed")

    def calendar_connections(self) -> list[Json]:
        """The connected calendars, and how each is."""
        items: list[Json] = self._call("GET", "/api/v1/calendar/connections")["items"]
        return items

    def connect_calendar(self, kind: str, url: str, **more: str) -> Json:
        return self._call("POST", "/api/v1/calendar/connections", json={"kind": kind, "url": url, **more})

    def begin_calendar_access(self, kind: str, connection_id: str | None = None) -> str:
        """Where to send a browser that connects a calendar of a provider, or gives a connection access again."""
        body = {"kind": kind} | ({"connection_id": connection_id} if connection_id else {})
        url: str = self._call("POST", "/api/v1/calendar/connections/authorizations", json=body)["authorization_url"]
        return url

    def finish_calendar_access(self, state: str, code: str) -> Json:
        answer = {"state": state, "code": code}
        return self._call("POST", "/api/v1/calendar/connections/authorizations/finish", json=answer)

    def change_calendar(self, connection_id: str, **changes: Any) -> Json:
        return self._call("PATCH", f"/api/v1/calendar/connections/{connection_id}", json=changes)

    def disconnect_calendar(self, connection_id: str) -> None:
        self._call("DELETE", f"/api/v1/calendar/connections/{connection_id}")

    def sync_calendar(self, connection_id: str) -> None:
        self._call("POST", f"/api/v1/calendar/connections/{connection_id}/sync")

    def sync_conflicts(self, connection_id: str) -> list[Json]:
        """What lost when both sides had changed an appointment."""
        items: list[Json] = self._call("GET", f"/api/v1/calendar/connections/{connection_id}/conflicts")["items"]
        return items

    def export(self, format_name: str) -> bytes:
        """All records as a file of a format."""
        return self._answer("GET", "/api/v1/exports", params={"format": format_name}).content

    def scores(self, limit: int = 20) -> list[Json]:
        return self._items("/api/v1/scores", limit=limit)

    def achievements(self) -> Json:
        """What there is to reach as `items`, and the `points` of what is earned."""
        return self._call("GET", "/api/v1/analytics/achievements")

    def open_tasks(self, limit: int = 20) -> Json:
        """The same as `items`, and how many tasks are `open`, `overdue`, `not_begun` and `blocked`; an older API does not count them."""
        found = self._call("GET", "/api/v1/scores", params={"limit": limit})
        return {"open": len(found["items"]), "overdue": None, "not_begun": 0, "blocked": 0} | found

    def reports(self, **wanted: Any) -> Iterator[Json]:
        """The reports that you were due, and what became of their mails; asked for page by page."""
        return self._pages("/api/v1/reports", wanted)

    def report_page(self, report: str | tuple[date, date], form: str = "html", as_of: datetime | None = None) -> bytes:
        """A report as a page, a text or a PDF: one that was mailed, by its id; the `weekly` or `monthly` one as it would be now; or one
        of any days. The latter two also as of a past moment.
        """
        then = {"as_of": as_of.isoformat()} if as_of else {}
        if not isinstance(report, str):
            body = {"first_day": f"{report[0]}", "last_day": f"{report[1]}", **then}
            return self._answer("POST", "/api/v1/reports", json=body, params={"format": form}).content
        if report in ("weekly", "monthly"):
            wanted = {"kind": report, "format": form, **then}
            return self._answer("GET", "/api/v1/reports/preview", params=wanted).content
        return self._answer("GET", f"/api/v1/reports/{report}", params={"format": form}).content

    def explanation(self, metric: str, day: date, as_of: datetime | None = None) -> Json:
        """A daily figure with its definition, SQL, input rows and result, now or as of a past moment."""
        wanted = {"metric": metric, "day": f"{day}"} | ({"as_of": as_of.isoformat()} if as_of else {})
        return self._call("GET", "/api/v1/analytics/explanation", params=wanted)

    def plan_day(self, **options: Any) -> Json:
        """A plan that fits around appointments; `day`, `day_start` and `day_end` may be given."""
        return self._call("POST", "/api/v1/ai/daily-plan", json=_written(options))

    def plan(self, day: date) -> Json | None:
        """The newest plan of a day."""
        found: Json | None = self._call("GET", "/api/v1/ai/daily-plan", params={"day": str(day)})["plan"]
        return found

    def withdraw_plan(self, plan_id: str) -> None:
        """Take a plan out of the calendar."""
        self._call("DELETE", f"/api/v1/ai/daily-plan/{plan_id}/accept")

    def accept_plan(self, plan_id: str) -> Json:
        """Put a plan into the calendar: its appointments as `items`, and as `no_room` what others have taken the place of since."""
        return self._call("POST", f"/api/v1/ai/daily-plan/{plan_id}/accept")

    def insights(self, week: date | None = None) -> Json:
        """What stands out in a week; the last whole one if none is named."""
        return self._call("GET", "/api/v1/ai/productivity-insights", params=_written({"week": week} if week else {}))

    def accounts(self, **wanted: Any) -> Iterator[Json]:
        """Every account. For admins, as are the next ones."""
        return self._pages("/api/v1/admin/users", wanted)

    def audit_log(self, **wanted: Any) -> Iterator[Json]:
        """Entries of the audit log, newest first; asked for page by page."""
        return self._pages("/api/v1/admin/audit", wanted)

    def pipeline(self) -> Json:
        """The status of the pipeline: backlog and freshness."""
        return self._call("GET", "/api/v1/admin/pipeline")

    def erasures(self) -> list[Json]:
        """The erasures of users, without whom they are about."""
        return self._items("/api/v1/admin/erasures")

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
        self,
        method: str,
        path: str,
        *,
        json: Json | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Json:
        answer = self._answer(method, path, json=json, params=params, content=content)
        return answer.json() if answer.content else {}

    def _answer(
        self,
        method: str,
        path: str,
        *,
        json: Json | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, json=json, params=params, content=content)
        except httpx2.HTTPError as error:
            sentence = gettext("The API under {address} does not answer.", address=self._http.base_url)
            raise Unavailable(sentence) from error
        if answer.is_success:
            return answer
        raise _problem(answer)


@cache
def _tls() -> ssl.SSLContext:
    """One for all clients: reading the certificates of all authorities takes longer than most calls."""
    return httpx2.create_ssl_context(trust_env=False)


def _written(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, date) else value for name, value in wanted.items()}


def _problem(answer: httpx2.Response) -> Problem:
    if answer.status_code == 401 and "ticket" in (body := answer.json()):
        needed = CodeNeeded()
        needed.ticket = body["ticket"]
        return needed
    return KINDS.get(answer.status_code, Problem)(in_words(_detail(answer)))


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return gettext("The API answered {status}.", status=answer.status_code)
