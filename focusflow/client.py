"""A small typed client of the API. What goes wrong is raised as the problem that the API named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from focusflow.problems import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Problem, Unavailable

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
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False)

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

    def logout(self) -> None:
        self._call("POST", "/api/v1/auth/logout")

    def me(self) -> Json:
        return self._call("GET", "/api/v1/me")

    def create_task(self, title: str, **fields: Any) -> Json:
        return self._call("POST", "/api/v1/tasks", json={"title": title, **fields})

    def tasks(self, **wanted: Any) -> Iterator[Json]:
        """All tasks that match, page by page."""
        cursor = None
        while True:
            page = self._call("GET", "/api/v1/tasks", params={**wanted, **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def task(self, task_id: str) -> Json:
        return self._call("GET", f"/api/v1/tasks/{task_id}")

    def complete_task(self, task_id: str, *, cascade: bool = False) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/complete", params={"cascade": cascade})

    def reopen_task(self, task_id: str) -> Json:
        return self._call("POST", f"/api/v1/tasks/{task_id}/reopen")

    def scores(self, limit: int = 20) -> list[Json]:
        items: list[Json] = self._call("GET", "/api/v1/scores", params={"limit": limit})["items"]
        return items

    def _signed_in(self, said: Json) -> Tokens:
        self._http.headers["Authorization"] = f"Bearer {said['access_token']}"
        return Tokens(said["access_token"], said["refresh_token"], said["expires_in"])

    def _call(
        self, method: str, path: str, *, json: Json | None = None, params: Mapping[str, Any] | None = None
    ) -> Json:
        try:
            answer = self._http.request(method, path, json=json, params=params)
        except httpx2.HTTPError as error:
            raise Unavailable(f"The API under {self._http.base_url} does not answer.") from error
        if answer.is_success:
            return answer.json() if answer.content else {}
        raise KINDS.get(answer.status_code, Problem)(_detail(answer))


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The API answered {answer.status_code}."
