"""The plots of a model: every order in its place, every probability where it was said and came."""

from xml.etree import ElementTree as ET

import pytest

from models.evaluation.plots import orders, plots, reliability

SVG = {"svg": "http://www.w3.org/2000/svg"}


def order(low, mean, high):
    return {"ndcg": {"low": low, "mean": mean, "high": high}}


FIGURES = {
    "orders": {"oldest": order(0.2, 0.25, 0.3), "model": order(0.7, 0.75, 0.8), "<newest>": order(0.5, 0.6, 0.7)},
    "likelihood": {
        "tasks": 30,
        "calibration_error": 0.0214,
        "reliability": [{"said": 0.1, "came": 0.2, "tasks": 20}, {"said": 0.9, "came": 0.8, "tasks": 10}],
    },
    "risk": {"tasks": 0, "calibration_error": float("nan"), "reliability": []},
}


def dots(svg):
    return [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in ET.fromstring(svg).findall("svg:circle", SVG)]


def test_the_best_order_stands_above_and_furthest_right():
    across, down = zip(*dots(orders(FIGURES)), strict=True)
    assert list(across) == sorted(across, reverse=True)
    assert list(down) == sorted(down)
    assert "&lt;newest&gt;: 0.600" in orders(FIGURES)


def test_what_came_more_often_than_predicted_lies_above_the_diagonal():
    svg = reliability(FIGURES["likelihood"], "Taken up")
    (first_x, first_y), (second_x, second_y) = dots(svg)
    assert second_x - first_x == pytest.approx(0.8 * 300)
    assert first_y - second_y == pytest.approx(0.6 * 300)
    assert "off by 0.021" in svg


def test_what_was_not_tried_is_not_drawn():
    assert plots(FIGURES).keys() == {"orders", "likelihood"}


def test_an_order_without_an_interval_is_drawn_as_its_mean():
    unknown = float("nan")
    assert len(dots(orders({"orders": {"model": order(unknown, 0.5, unknown)}}))) == 1


def test_one_order_alone_can_be_drawn():
    assert len(dots(orders({"orders": {"model": order(0.5, 0.5, 0.5)}}))) == 1
