"""A challenger: trained, tried on what it had not seen, kept with its card, and let serve if the gate lets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from models.evaluation.backtest import evaluate
from models.evaluation.model_card import card_of
from models.evaluation.promotion_gate import refusals
from models.serving.registry import Registry
from models.training.fit import fit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a challenger: its version, and why it may not serve; it does when there is no reason against it."""

    version: str
    refused: list[str]
    card: Mapping[str, Any]

    @property
    def is_promoted(self) -> bool:
        return not self.refused


def challenge(lists: pl.DataFrame, registry: Registry, trained_at: datetime) -> Outcome:
    """Train on all lists, judge by what the same training would have said on parts of them. Who serves has to be beaten, too."""
    champion = registry.served()
    figures = evaluate(lists, fit, {champion.version: champion.priority} if champion else {})
    refused = refusals(figures)
    priority = fit(lists)
    version = registry.save(priority, card_of(lists, priority, figures, refused), trained_at)
    if not refused:
        registry.promote(version, trained_at)
    return Outcome(version, refused, registry.card(version))
