"""What holds for somebody who never chose when they work, and when and how they hear of things."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

DEFAULTS: Final[Mapping[str, Any]] = {
    "quiet_from": None,
    "quiet_until": None,
    "weekly_report": True,
    "weekly_report_day": 0,
    "weekly_report_hour": 8,
    "monthly_report": True,
    "empty_week": "line",
    "calm_mode": False,
    "work_from": time(9),
    "work_until": time(17),
}
