"""A digest of what a model is trained and tried on: the same lake gives the same one, whatever the order of its rows."""

import hashlib
from typing import Final

import numpy as np
import polars as pl

from models.features.columns import Columns
from models.features.matrix import day_features, place_features, risk_features, usual_of
from models.features.task_facts import LIST

OUTCOMES: Final = ("gain", "taken_up", "missed", "missed_or_moved")


def fingerprint(lists: pl.DataFrame) -> str:
    """SHA-256 of every row's list and task, all of its features, and its outcomes."""
    lists = lists.sort(*LIST, "task_id")
    digest = hashlib.sha256()
    for key in ("user_id", "task_id"):
        digest.update("\n".join(lists[key].to_list()).encode())
    usual, columns = usual_of(lists), Columns(lists)
    features = place_features(usual) | day_features(usual) | risk_features(usual)
    for name in sorted(features):
        digest.update(np.ascontiguousarray(features[name](columns)).tobytes())
    for outcome in OUTCOMES:
        digest.update(lists[outcome].cast(pl.Int8).fill_null(-1).to_numpy().tobytes())
    digest.update(lists["as_of"].dt.timestamp("us").to_numpy().tobytes())
    return digest.hexdigest()
