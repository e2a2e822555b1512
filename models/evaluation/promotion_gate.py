"""Whether a model may serve: only if it is better than the best simple rule, its likelihood is calibrated, and it is bad for no group of users.

A part of the score that cannot be trusted drops out, and the rest is judged without it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_CALIBRATION_ERROR: Final = 0.05
MOST_A_TIER_LOSES: Final = 0.02

#: Due dates of tasks. From fewer, an error of the probability cannot be told from chance.
FEWEST_DATES: Final = 250


def refusals(figures: Mapping[str, Any]) -> list[str]:
    """Why a model of these figures, from `models.evaluation.backtest`, may not serve. None of them: it may."""
    return [*_no_better(figures), *_not_calibrated("likelihood", figures["likelihood"]), *_bad_for_some(figures)]


def untrusted_risk(figures: Mapping[str, Any]) -> list[str]:
    """Why a learned risk may not be part of the score. The rule of urgency for due dates stands in for it."""
    risk = figures["risk"]
    if not figures["is_risk_learned"]:
        return []
    if risk["tasks"] < FEWEST_DATES:
        return [f"its risk was tried on {risk['tasks']:,} due dates, and {FEWEST_DATES} are needed"]
    return list(_not_calibrated("risk", risk))


def _no_better(figures: Mapping[str, Any]) -> Iterator[str]:
    against = {f"“{figures['best_baseline']}”": figures["gain"], **figures["gain_over"]}
    for name, gain in against.items():
        if not gain["low"] > 0:  # also when it is unknown
            interval = (
                f"an interval from {gain['low']:+.3f} to {gain['high']:+.3f}"
                if gain["low"] == gain["low"]
                else "too few weeks for an interval"
            )
            yield f"its NDCG@5 against {name} is {gain['mean']:+.3f}, with {interval}"


def _not_calibrated(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """In all, and in each quarter that has enough to be judged: errors of different signs cancel out over the years."""
    if not found["calibration_error"] <= MOST_CALIBRATION_ERROR:
        yield f"the calibration error of its {name} is {found['calibration_error']:.3f}, above {MOST_CALIBRATION_ERROR}"
        return
    quarters = [each for each in found["quarters"] if each["is_judged"]]
    worst = max(quarters, key=lambda each: each["calibration_error"], default=None)
    if worst and not worst["calibration_error"] <= MOST_CALIBRATION_ERROR:
        yield (
            f"the calibration error of its {name} is {worst['calibration_error']:.3f} in {worst['quarter']},"
            f" above {MOST_CALIBRATION_ERROR}"
        )


def _bad_for_some(figures: Mapping[str, Any]) -> Iterator[str]:
    for name, tier in figures["tiers"].items():
        if tier["gain"]["mean"] < -MOST_A_TIER_LOSES:
            yield f"who takes up {name} loses {-tier['gain']['mean']:.3f} by it"
