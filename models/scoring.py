"""One function that scores open tasks: a night's batch of everyone, or the few tasks of one person a moment after a write."""

from datetime import datetime
from math import exp
from typing import Final

import polars as pl

from models.baselines import rank_within_user, urgency_terms
from models.facts import INSTANT, known
from models.reasons import texts

MODEL_VERSION: Final = "urgency-1"

REASON: Final = pl.Struct({"code": pl.String(), "text": pl.String(), "points": pl.Float64()})

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
    "model_version": pl.String(),
    "as_of": INSTANT,
}

#: Urgency is mapped to 0-100 by 100 / (1 + exp(-(urgency - MIDDLE) / WIDTH)). A plain task without a due date is at 21, one of
#: medium priority that is due today at 53, a pinned one that is 3 days overdue at 95. The order of tasks is that of their urgency.
MIDDLE: Final = 12.0
WIDTH: Final = 6.0


def score(tasks: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Scores of open tasks as of a moment: in with `TASK_COLUMNS` (others are ignored), out with `SCORE_COLUMNS`, sorted by user and rank.

    The points of a task's reasons, largest first, add up to its score. The score of a task depends on nothing but its own row, so that
    one task scored alone gets what it would get in a batch; its ranks are among the rows given.
    """
    terms = urgency_terms()
    points = {code: _points(code) for code in ("open", *terms)}
    return (
        known(tasks, as_of)
        .lazy()
        .with_columns(**{f"term_{code}": term for code, term in terms.items()})
        .with_columns(urgency=pl.sum_horizontal(f"term_{code}" for code in terms))
        .with_columns(slope=_slope())
        .with_columns(**{f"points_{code}": each for code, each in points.items()})
        .with_columns(
            # The sum of the points themselves, so that they add up whatever the rounding.
            score=pl.sum_horizontal(f"points_{code}" for code in points).clip(0, 100),
            reasons=_reasons(tuple(points)),
            rank=rank_within_user("urgency", descending=True),
            rank_by_due_date=rank_within_user("due"),
            rank_by_urgency=rank_within_user("urgency", descending=True),
            deadline_risk=None,
            importance=None,
            likelihood=None,
            model_version=pl.lit(MODEL_VERSION),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SCORE_COLUMNS.items())
        .sort("user_id", "rank")
        .collect()
    )


def scaled(urgency: float) -> float:
    """The 0-100 of an urgency.

    >>> scaled(12)
    50.0
    """
    return 100 / (1 + exp((MIDDLE - urgency) / WIDTH))


def _slope() -> pl.Expr:
    """Points for each unit of urgency: the straight way from an urgency of 0 to this one, which keeps the terms additive on a curve."""
    urgency = pl.col("urgency")
    at_zero = scaled(0)
    tangent = at_zero * (1 - at_zero / 100) / WIDTH
    curve = 100 / (1 + ((MIDDLE - urgency) / WIDTH).exp())
    return pl.when(urgency.abs() < 1e-9).then(tangent).otherwise((curve - at_zero) / urgency)


def _points(code: str) -> pl.Expr:
    return pl.lit(scaled(0)) if code == "open" else pl.col(f"term_{code}") * pl.col("slope")


def _reasons(codes: tuple[str, ...]) -> pl.Expr:
    """The terms that count, as a list of (code, text, points), largest first. What gives no points is no reason."""
    words = texts()
    structs = [
        pl.when(pl.col(f"points_{code}") != 0).then(
            pl.struct(code=pl.lit(code), text=words[code], points=pl.col(f"points_{code}"))
        )
        for code in codes
    ]
    element = pl.element()
    return pl.concat_list(structs).list.eval(
        element.drop_nulls().sort_by(element.drop_nulls().struct.field("points"), descending=True, maintain_order=True)
    )
