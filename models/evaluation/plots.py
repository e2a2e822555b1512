"""What a model's figures look like, as SVG that stands by itself: how well each order does, and how often came what was said."""

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

Figures = Mapping[str, Any]
Point = tuple[float, float]

WIDTH, LEFT, RIGHT, TOP, ROW, SIDE = 560, 170, 40, 56, 24, 300
INK, FAINT, OURS, THEIRS = "#24292f", "#d0d7de", "#2a7f78", "#8c959f"

PROBABILITIES: Final = {
    "likelihood": "Taken up by the end of tomorrow",
    "risk": "Not done by the due date",
}


def plots(figures: Figures) -> dict[str, str]:
    """By name. A probability of which nothing was tried has none."""
    elements = {"orders": orders(figures)}
    return elements | {
        name: reliability(figures[name], title) for name, title in PROBABILITIES.items() if figures[name]["tasks"]
    }


def orders(figures: Figures) -> str:
    """NDCG@5 of every order with its 95 % interval, the best above."""
    found = sorted(figures["orders"].items(), key=lambda item: -item[1]["ndcg"]["mean"])
    ends = {name: _ends(each["ndcg"]) for name, each in found}
    bounds = [end for each in ends.values() for end in each]
    lowest, highest = math.floor(min(bounds) * 10) / 10, (math.floor(max(bounds) * 10) + 1) / 10
    bottom = TOP + ROW * len(found)

    def x(value: float) -> float:
        return LEFT + (value - lowest) / (highest - lowest) * (WIDTH - LEFT - RIGHT)

    def elements() -> Iterator[str]:
        for tenth in range(round(lowest * 10), round(highest * 10) + 1):
            yield _line((x(tenth / 10), TOP - 8), (x(tenth / 10), bottom), FAINT)
            yield _text(x(tenth / 10), bottom + 18, f"{tenth / 10:.1f}", "middle")
        for place, (name, each) in enumerate(found):
            y, colour = TOP + ROW * (place + 0.5), OURS if name == "model" else THEIRS
            yield _text(LEFT - 12, y + 4, name.replace("_", " "), "end", weight="bold" if name == "model" else "normal")
            low, high = ends[name]
            yield _line((x(low), y), (x(high), y), colour, width=3)
            yield _dot((x(each["ndcg"]["mean"]), y), colour, f"{name}: {each['ndcg']['mean']:.3f}")

    return _picture(WIDTH, bottom + 30, "How well each order does: NDCG@5, with 95 %", elements())


def _ends(figures: Figures) -> Point:
    """Of the interval; of the mean alone where too few weeks were tried for an interval."""
    low, high = figures["low"], figures["high"]
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (figures["mean"], figures["mean"])


def reliability(probability: Figures, title: str) -> str:
    """What was said against what came, a dot for each tenth of the tasks. On the diagonal, it came as often as it was said."""
    low, high = 60, 60 + SIDE

    def x(share: float) -> float:
        return low + share * SIDE

    def y(share: float) -> float:
        return TOP + SIDE - share * SIDE

    def elements() -> Iterator[str]:
        for quarter in (0, 0.25, 0.5, 0.75, 1):
            yield _line((low, y(quarter)), (high, y(quarter)), FAINT)
            yield _text(low - 8, y(quarter) + 4, f"{quarter:.0%}", "end")
            yield _text(x(quarter), TOP + SIDE + 18, f"{quarter:.0%}", "middle")
        yield _line((x(0), y(0)), (x(1), y(1)), THEIRS, dash="4 4")
        yield _text(x(0.5), TOP + SIDE + 38, "predicted", "middle")
        yield _text(low, TOP - 12, "actual", "end")
        for each in probability["reliability"]:
            label = f"said {each['said']:.0%}, came {each['came']:.0%}, {each['tasks']:,} tasks"
            yield _dot((x(each["said"]), y(each["came"])), OURS, label)

    return _picture(SIDE + 100, TOP + SIDE + 50, f"{title} (off by {probability['calibration_error']:.3f})", elements())


def _picture(width: int, height: int, title: str, shapes: Iterator[str]) -> str:
    """On a ground of its own, so that it can be read wherever it is shown."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="12"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>'
    )
    return "".join([opening, _text(14, 24, title, "start", weight="bold"), *shapes, "</svg>\n"])


def _text(x: float, y: float, text: str, anchor: str, *, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{INK}">{escape(text)}</text>'


def _line(begin: Point, end: Point, colour: str, *, width: int = 1, dash: str = "none") -> str:
    return f'<line x1="{begin[0]:.1f}" y1="{begin[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>'


def _dot(centre: Point, colour: str, label: str) -> str:
    return f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="5" fill="{colour}"><title>{escape(label)}</title></circle>'
