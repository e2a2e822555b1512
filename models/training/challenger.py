"""A challenger: trained, tried on what it had not seen, kept with its card, and let serve if the gate lets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from models.evaluation.backtest import evaluate
from models.evaluation.drift import shapes
from models.evaluation.model_card import card_of
from models.evaluation.promotion_gate import refusals, untrusted_risk
from models.evaluation.ranking_metrics import calibration_error
from models.serving.contributions import PARTS, parts_of
from models.serving.registry import Registry, Served
from models.serving.score_components import Priority
from models.training.fit import fit
from models.training.recalibration import RECENT, recalibrated


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a challenger: its version, and why it may not serve; it does when there is no reason against it."""

    version: str
    refused: list[str]
    left_out: list[str]
    card: Mapping[str, Any]

    @property
    def is_promoted(self) -> bool:
        return not self.refused


def challenge(lists: pl.DataFrame, registry: Registry, trained_at: datetime) -> Outcome:
    """Train on all lists, judge by what the same training would have said on parts of them. The serving model has to be beaten, too; where it
    is not, its probabilities are set by the last weeks, and it serves on.
    """
    champion = registry.served()
    figures, left_out = judged(lists, {champion.version: champion.priority} if champion else {})
    refused = refusals(figures)
    priority = fit(lists, with_risk=not left_out)
    card = card_of(lists, priority, figures, refused, left_out)
    version = registry.save(priority, card, trained_at)
    if not refused:
        registry.promote(version, trained_at)
    elif champion:
        recalibrate(champion, lists, registry, trained_at)
    return Outcome(version, refused, left_out, registry.card(version))


def judged(
    lists: pl.DataFrame, others: Mapping[str, Priority] | None = None, *, only: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The figures of a model as it would serve, and why its risk is left out where that cannot be trusted; its figures stay for the card."""
    figures = evaluate(lists, fit, others, only=only)
    left_out = untrusted_risk(figures)
    if left_out:
        of_risk = {name: figures[name] for name in ("risk", "risk_or_moved")}
        figures = evaluate(lists, partial(fit, with_risk=False), others, only=only) | of_risk
    return figures, left_out


def recalibrate(champion: Served, lists: pl.DataFrame, registry: Registry, at: datetime) -> str | None:
    """Let the serving model go on with probabilities set by the last weeks. Returns its new version; None where nothing is known of them."""
    end: datetime = lists["as_of"].max()  # type: ignore[assignment]  # of instants
    recent = lists.filter(pl.col("as_of") > end - RECENT)
    priority, lines = recalibrated(champion.priority, recent)
    before = registry.card(champion.version)
    note = {
        "at": at,
        "of": before.get("recalibrated", {}).get("of", champion.version),
        "from": recent["local_date"].min(),
        "to": recent["local_date"].max(),
        "lines": lines,
        "error_before": _error(champion.priority, recent),
        "error_after": _error(priority, recent),
    }
    now = shapes(priority, lists)  # features stay those of the training: what drifts from them is to be seen
    features = {**before.get("features", {}), **{part: now[part] for part in PARTS}}
    version = registry.save(
        priority, {**before, "features": features, "recalibrated": note}, datetime.fromisoformat(before["trained_at"])
    )
    registry.promote(version, at, anyway=True)  # its order is the one that was let through
    return version


def _error(priority: Priority, lists: pl.DataFrame) -> float:
    return calibration_error(
        parts_of(priority, lists)["likelihood"].to_numpy(), lists["taken_up"].cast(pl.Float64).to_numpy()
    )
