"""An erasure while everything runs, Kafka too: afterwards no file of the home names the user, but for the topics, which Kafka keeps for its time."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pyarrow.parquet as pq
import pytest

from focusflow.clock import now
from focusflow.identity import new_id
from tests.e2e.conftest import Stack, a_stack, until
from tests.sizes import full_only

pytestmark = [full_only, pytest.mark.timeout(1500)]

PASSWORD = "correct-horse-battery-staple"
WORD = "Quetzalcoatlus"
SETTLE_SECONDS = 240


class User:
    """Someone with an account, signed in."""

    def __init__(self, stack: Stack, word: str) -> None:
        self.email = f"{word.lower()}{new_id().hex}@example.com"
        self.http = httpx2.Client(base_url=stack.address("api"), timeout=30, trust_env=False)
        account = {"email": self.email, "password": PASSWORD, "display_name": word, "timezone": "Europe/Berlin"}
        assert self.http.post("/api/v1/auth/register", json=account).status_code == 202
        sign_in = {"email": self.email, "password": PASSWORD}
        tokens = self.http.post("/api/v1/auth/login", json=sign_in).raise_for_status().json()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self.id = self.call("GET", "/me")["id"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def call(self, method, path, body=None):
        answer = self.http.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None


def busy(stack, word):
    """A user who does some of everything, in words of their own."""
    user = User(stack, word)
    today = f"{now():%Y-%m-%d}"
    for number in range(20):
        task = user.call(
            "POST", "/tasks", {"title": f"{word} {number}", "notes": word, "tags": [word], "due_date": today}
        )
        if number % 2:
            user.call("POST", f"/tasks/{task['id']}/complete")
    user.call("POST", "/categories", {"name": word})
    user.call("POST", "/goals", {"title": word, "target_date": "2030-01-01"})
    user.call(
        "POST",
        "/calendar",
        {"title": word, "start_at": f"{today}T09:00:00Z", "end_at": f"{today}T10:00:00Z", "location": word},
    )
    user.call("POST", "/notifications", {"title": word, "scheduled_at": "2030-01-01T08:00:00Z"})
    user.call("POST", "/events", {"name": f"opened {word}", "properties": {"text": word}})
    user.call("POST", "/ai/daily-plan", {})
    user.call("POST", "/me/export")
    return user


def files_with(home, *needles):
    """The files under a home that hold one of some texts, decompressed where they are Parquet, by their first folder; and how many were read."""
    wanted = [needle.encode() for needle in needles]
    found, read = Counter[str](), 0
    for path in filter(Path.is_file, home.rglob("*")):
        try:
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += repr(pq.ParquetFile(path).read().to_pylist()).encode()
        except FileNotFoundError:
            continue  # gone meanwhile
        read += 1
        if any(each in content for each in wanted):
            found["/".join(path.relative_to(home).parts[:3])] += 1
    return found, read


def is_computed(stack, user):
    days = user.call("GET", "/analytics/productivity")
    return bool(days["items"])


def test_no_file_of_a_running_platform_names_an_erased_user():
    with a_stack() as stack, ExitStack() as closing_later:
        stack.environment |= {"FOCUSFLOW_ERASURE_WAIT_HOURS": "0"}
        stack.start("--kafka")
        ada, bob = (closing_later.enter_context(busy(stack, word)) for word in (WORD, "Archaeopteryx"))
        until(lambda: is_computed(stack, ada), SETTLE_SECONDS, "the numbers of the day")
        until(lambda: ada.call("GET", "/me/export")["status"] == "ready", SETTLE_SECONDS, "the export")
        assert stack.run("refresh").returncode == 0
        ada.http.request("POST", "/api/v1/auth/login", json={"email": ada.email, "password": "wrong"})
        stack.run("report", "weekly", "--user", ada.email)
        traces = (ada.id, ada.id.replace("-", ""), ada.email, WORD)
        before, _ = files_with(stack.home, *traces)
        assert {place.partition("/")[0] for place in before} >= {"lake", "postgres"}
        erased = stack.run("erase", ada.email, "--yes")
        assert erased.returncode == 0, erased.stderr
        after, read = files_with(stack.home, *traces)
        assert read > 500
        assert {place for place in after if not place.startswith("kafka/")} == set()
        assert stack.run("verify").returncode == 0
        until(lambda: is_computed(stack, bob), SETTLE_SECONDS, "the numbers of another user")
        assert stack.run("audit", "verify").returncode == 0
        after, _ = files_with(stack.home, *traces)
        assert {place for place in after if not place.startswith("kafka/")} == set(), (
            "nothing comes back while it goes on"
        )
