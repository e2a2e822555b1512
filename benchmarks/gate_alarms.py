"""`python -m benchmarks.gate_alarms --users 1 --homes 60`: how many homes with nothing to learn get a model served.

Users draw lots: which task they do next follows no rule, so a model that serves is a false alarm. Each home is trained and tried as in service.
"""

import argparse
import warnings
from collections import Counter
from math import comb

import numpy as np

from models.evaluation.backtest import TooLittle
from models.evaluation.promotion_gate import refusals
from models.training.challenger import judged
from models.training.dataset import lists_with_outcomes
from tests.unit.models.histories import connected, lived

#: Of the bound on the share of false alarms.
CONFIDENCE = 0.95


def outcome(users: int, days: int, seed: int) -> str:
    """What the gate says of one home, in a word."""
    try:
        figures, _ = judged(lists_with_outcomes(*connected(lived(users=users, days=days, seed=seed))))
    except TooLittle:
        return "too little history"
    refused = refusals(figures)
    if not refused:
        return "served"
    return "no gain" if any("NDCG" in reason for reason in refused) else "gain, and refused for another reason"


def upper_bound(hits: int, homes: int) -> float:
    """The largest share under which so few hits, or fewer, come in 5 % of cases."""
    low, high = hits / homes, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        fewer = sum(comb(homes, n) * middle**n * (1 - middle) ** (homes - n) for n in range(hits + 1))
        low, high = (middle, high) if fewer > 1 - CONFIDENCE else (low, middle)
    return high


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_alarms", description=__doc__)
    parser.add_argument("--users", type=int, default=1)
    parser.add_argument("--homes", type=int, default=60)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1, help="of the first home")
    options = parser.parse_args()
    np.seterr(all="ignore")
    warnings.filterwarnings("ignore")
    found: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.homes):
        found[outcome(options.users, options.days, seed)] += 1
        homes = found.total()
        served, gained = found["served"], homes - found["no gain"] - found["too little history"]
        print(
            f"{options.users} users, {homes} homes: {served} served, at most {upper_bound(served, homes):.1%};"
            f" {gained} with a gain that is not there, at most {upper_bound(gained, homes):.1%} ({dict(found)})",
            flush=True,
        )


if __name__ == "__main__":
    main()
