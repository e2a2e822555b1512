"""What holds for somebody who never chose when and how to hear of things."""

from collections.abc import Mapping
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
}
