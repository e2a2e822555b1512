"""Every email once, with all that can stand in it and with what a stranger might write into it."""

from datetime import date
from typing import Any

from reports.insights.local import by_rule
from reports.periods.content import Line, Part, build_report
from reports.periods.details import Details, Goal, Habit, Hour, Slipped, Task
from reports.periods.facts import Facts
from reports.render import Email, Links, Notice, render_email, render_notification, render_report

HOSTILE = '<img src="x">\r\nBcc: x@example.com\x00\u2028\u202e{{ 7 * 7 }}' + "a" * 200
LINKS = Links("https://focusflow.example/unsubscribe/1", "https://focusflow.example")
ACCOUNT: dict[str, dict[str, Any]] = {
    "verify_email": {"link": "https://focusflow.example/verify-email?token=a", "lifetime": "7 days"},
    "change_email": {"link": "https://focusflow.example/confirm-email?token=a", "lifetime": "1 day"},
    "account_exists": {"link": "https://focusflow.example/signin"},
    "reset_password": {"link": "https://focusflow.example/reset-password?token=a", "lifetime": "1 hour"},
    "erasure_requested": {"link": "https://focusflow.example/settings", "due_at": "2026-12-08 09:00 UTC"},
    "two_factor_changed": {
        "link": "https://focusflow.example/forgot-password",
        "change": "A recovery code was used.",
    },
    "password_changed": {
        "link": "https://focusflow.example/forgot-password",
        "keys": ("Phone (ff_1234abcd…)",),
        "are_revoked": True,
    },
}
DETAILS = Details(
    goals=(Goal("Read 24 books", 44.0, 4.0, -12.0, date(2026, 12, 31), date(2026, 12, 20), date(2027, 3, 1)),),
    habits=(Habit("Walk", 6, 12, 12, "days"),),
    slipped=(Slipped("Send the invoice", date(2026, 10, 20), "a"),),
    next=(Task("Prepare the slides", "due today", "b"), Task(HOSTILE, "waiting", "c")),
    hours=(Hour(9, 180.0), Hour(14, 95.0)),
    reached=(("goal", "Learn to juggle"),),
)


def gallery(facts: Facts) -> dict[str, Email]:
    parts = (
        Part("near", "Due", (Line("near", HOSTILE, "", "due today"),)),
        Part("plan", "Your day", (Line("block", "Call", "25 min"),)),
    )
    report = build_report(facts, DETAILS, by_rule(facts).suggestions)
    return {name: render_email(name, **values) for name, values in ACCOUNT.items()} | {
        "report": render_report(report, LINKS),
        "notification": render_notification(
            "notification", Notice("Lead 12", HOSTILE, parts), HOSTILE, facts.user.name, LINKS
        ),
    }
