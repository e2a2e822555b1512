"""P13: from the answer that a completed task is written to the page that shows it, in a browser, with everything of `focusflow up` running."""

import time

import httpx2
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.http import PASSWORD
from benchmarks.result import Result, percentile
from focusflow.metrics import BY_NAME
from tests.e2e.conftest import Stack, a_stack, chromium

TASKS = 20
EMAIL = "noor@example.com"


def measure(scale: float) -> Result:
    count = max(int(TASKS * scale), 3)
    with a_stack() as stack, sync_playwright() as playwright:
        stack.start("--demo")
        with httpx2.Client(base_url=f"{stack.address('api')}/api/v1", timeout=30, trust_env=False) as client:
            sign_in(client)
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            open_today(page, stack)
            taken = [until_visible(client, page, number) for number in range(1, count + 1)]
            browser.close()
    return Result(
        "P13",
        "event accepted → in gold and on the page, everything running",
        percentile(taken, 95),
        30,
        "s at p95",
        more_is_better=False,
        detail={"median": f"{percentile(taken, 50):.1f} s", "most": f"{max(taken):.1f} s", "events": count},
    )


def sign_in(client: httpx2.Client) -> None:
    account = {"email": EMAIL, "password": PASSWORD, "display_name": "Noor", "timezone": "UTC"}
    client.post("/auth/register", json=account).raise_for_status()
    answer = client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def open_today(page: Page, stack: Stack) -> None:
    page.goto(stack.address("dashboard"))
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing is open.")).to_be_visible(timeout=60_000)


def until_visible(client: httpx2.Client, page: Page, number: int) -> float:
    """Seconds until the page, which nobody reloads, counts so many completed tasks: it reads them from gold."""
    task = client.post("/tasks", json={"title": f"Task {number}"}).raise_for_status().json()
    client.post(f"/tasks/{task['id']}/complete").raise_for_status()
    begun = time.perf_counter()
    completed = page.get_by_test_id("stMetric").filter(has_text=BY_NAME["tasks_completed"].label)
    expect(completed.get_by_test_id("stMetricValue")).to_have_text(str(number), timeout=120_000)
    return time.perf_counter() - begun
