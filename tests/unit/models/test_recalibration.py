"""Probabilities follow what happens, and little where little happened."""

import numpy as np
import pytest

from models.serving.additive_model import sigmoid
from models.training.recalibration import SAME, apply, line, log_odds


def test_a_base_rate_that_fell_is_followed():
    dice = np.random.default_rng(1)
    before = dice.normal(0, 1.5, 20_000)
    happened = (dice.random(20_000) < sigmoid(0.8 * before - 1)).astype(float)
    assert line(before, happened) == pytest.approx((0.8, -1), abs=0.1)


def test_of_nothing_nothing_is_learned_and_of_little_little():
    assert line(np.zeros(0), np.zeros(0)) == SAME
    slope, offset = line(np.zeros(4), np.ones(4))
    assert slope == pytest.approx(1)
    assert 0 < offset < 0.2


def test_what_is_sure_stays_finite():
    said = np.array([0.0, 1.0, 0.5])
    assert np.isfinite(log_odds(said)).all()
    assert apply(SAME, said) == pytest.approx(said, abs=1e-6)
    assert np.isfinite(line(np.array([50.0, -50.0] * 500), np.array([0.0, 1.0] * 500))).all()
