"""One function that scores open tasks: a night's batch of everyone, or the few tasks of one user a moment after a write."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import reduce
from itertools import pairwise
from math import exp
from operator import add
from typing import Final

import numpy as np
import polars as pl

from models.features.task_facts import INSTANT, derive_facts
from models.serving.additive_model import Numbers, Places
from models.serving.baselines import URGENCY
from models.serving.contributions import PARTS, learned
from models.serving.reasons import REASON, listed
from models.serving.registry import Served

#: What serves as long as no model does.
BASELINE_VERSION: Final = "urgency-1"

#: What comes out, one row a task.
SCORE_COLUMNS: Final[dict[str, pl.DataType]] = {
    "user_id": pl.String(),
    "task_id": pl.String(),
    "score": pl.Float64(),
    "rank": pl.Int64(),
    "rank_by_due_date": pl.Int64(),
    "rank_by_urgency": pl.Int64(),
    "reasons": pl.List(REASON),
    "deadline_risk": pl.Float64(),
    "importance": pl.Float64(),
    "likelihood": pl.Float64(),
    "is_baseline": pl.Boolean(),
    "model_version": pl.String(),
    "as_of": INSTANT,
}

#: Urgency is mapped to 0-100 by 100 / (1 + exp(-(urgency - MIDDLE) / WIDTH)). A plain task without a due date is at 21, one of
#: medium priority that is due today at 53, a pinned one that is 3 days overdue at 95. The order of tasks is that of their urgency.
MIDDLE: Final = 12.0
WIDTH: Final = 6.0

#: So many tasks are scored at a time, and as many such pieces at once as there are processors: their numbers stay near the processor.
AT_ONCE: Final = 50_000


def score(tasks: pl.DataFrame, as_of: datetime, served: Served | None = None) -> pl.DataFrame:
    """Scores of open tasks as of a moment, by the model that serves or else by the baseline: in with `TASK_COLUMNS` and what else is known
    of `models.features.task_facts.FACT_COLUMNS`, out with `SCORE_COLUMNS`, sorted by user and rank.

    The points of a task's reasons, largest first, add up to its score. By the baseline, a score depends on nothing but its own row; by a
    model also on the user's other tasks, so all of them have to be there. Ranks are among the rows given.
    """
    if tasks.height <= AT_ONCE:
        return _scored(tasks, as_of, served)
    by_user = tasks.sort("user_id")
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        return pl.concat(threads.map(lambda piece: _scored(piece, as_of, served), _pieces(by_user)))


def _pieces(by_user: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """About as many rows each as are scored at once, none of which parts a user's tasks."""
    users = by_user["user_id"].rle_id().to_numpy()
    begins = np.unique(np.searchsorted(users, users[::AT_ONCE])).tolist()
    return (by_user[begin:end] for begin, end in pairwise([*begins, by_user.height]))


def _scored(tasks: pl.DataFrame, as_of: datetime, served: Served | None) -> pl.DataFrame:
    # Ties in rank go to the older task, then to the smaller id.
    facts = derive_facts(tasks, as_of).sort("user_id", "created_at", "task_id")
    terms = facts.select(term.cast(pl.Float64).alias(code) for code, term in URGENCY.items())
    urgency = reduce(add, terms.get_columns()).to_numpy()  # always in this order: the last digit is the same each time
    points, parts = learned(served.priority, facts) if served else (_points_of_urgency(terms, urgency), {})
    # The sum of the points themselves, so that they add up whatever the rounding.
    total = np.clip(sum(points.values(), start=np.zeros(facts.height)), 0, 100)
    users = facts["user_id"].rle_id().to_numpy()
    first = np.lexsort((-total if served else -urgency, users))
    due = facts["due"].to_physical().fill_null(2**62).to_numpy()
    in_order = facts[first]
    return in_order.with_columns(
        score=total[first],
        rank=_ranks(users, first)[first],
        rank_by_due_date=_ranks(users, np.lexsort((due, users)))[first],
        rank_by_urgency=_ranks(users, np.lexsort((-urgency, users)))[first],
        reasons=listed(in_order, {code: each[first] for code, each in points.items()}),
        is_baseline=pl.lit(served is None),
        model_version=pl.lit(served.version if served else BASELINE_VERSION),
        **{name: parts[name][first] if parts else pl.lit(None) for name in PARTS},
    ).select(pl.col(name).cast(dtype) for name, dtype in SCORE_COLUMNS.items())


def _ranks(users: Places, order: Places) -> Places:
    """The place of each row within its user, 1 for the first of the order. Rows of a user stand together."""
    ranks = np.empty(len(users), dtype=np.int64)
    ranks[order] = np.arange(1, len(users) + 1)
    return ranks - np.searchsorted(users, users)


def scaled(urgency: float) -> float:
    """The 0-100 of an urgency.

    >>> scaled(12)
    50.0
    """
    return 100 / (1 + exp((MIDDLE - urgency) / WIDTH))


def _points_of_urgency(terms: pl.DataFrame, urgency: Numbers) -> dict[str, Numbers]:
    """Points by the straight way from an urgency of 0 to this one, which keeps the terms additive on a curve."""
    at_zero = scaled(0)
    tangent = at_zero * (1 - at_zero / 100) / WIDTH
    is_flat = np.abs(urgency) < 1e-9
    curve = 100 / (1 + np.exp((MIDDLE - urgency) / WIDTH))
    slope = np.where(is_flat, tangent, (curve - at_zero) / np.where(is_flat, 1.0, urgency))
    return {"open": np.full(len(urgency), at_zero), **{code: terms[code].to_numpy() * slope for code in terms.columns}}
