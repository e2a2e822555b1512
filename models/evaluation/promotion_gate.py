"""Whether a model may serve: only if it is better than the best simple rule, says what comes, and is bad for nobody."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_CALIBRATION_ERROR: Final = 0.05
MOST_A_TIER_LOSES: Final = 0.02

#: Rows of lists whose due date came; a task is in about twenty. From fewer, an error of the probability cannot be told from chance.
FEWEST_DATES: Final = 5000


def refusals(figures: Mapping[str, Any]) -> list[str]:
    """Why a model of these figures, from `models.evaluation.backtest`, may not serve. None of them: it may."""
    return [*_no_better(figures), *_not_calibrated(figures), *_bad_for_some(figures)]


def _no_better(figures: Mapping[str, Any]) -> Iterator[str]:
    against = {f"“{figures['best_baseline']}”": figures["gain"], **figures["gain_over"]}
    for name, gain in against.items():
        if not gain["low"] > 0:  # also when it is unknown
            yield f"its NDCG@5 against {name} is {gain['mean']:+.3f}, with an interval from {gain['low']:+.3f} to {gain['high']:+.3f}"


def _not_calibrated(figures: Mapping[str, Any]) -> Iterator[str]:
    for name in ("likelihood", "risk"):
        said = figures[name]
        if name == "risk" and said["tasks"] < FEWEST_DATES:
            continue
        if not said["calibration_error"] <= MOST_CALIBRATION_ERROR:
            yield f"the calibration error of its {name} is {said['calibration_error']:.3f}, above {MOST_CALIBRATION_ERROR}"


def _bad_for_some(figures: Mapping[str, Any]) -> Iterator[str]:
    for name, tier in figures["tiers"].items():
        if tier["gain"]["mean"] < -MOST_A_TIER_LOSES:
            yield f"who takes up {name} loses {-tier['gain']['mean']:.3f} by it"
