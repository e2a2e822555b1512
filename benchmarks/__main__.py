"""Runs the measurements, prints a table, writes `build/benchmarks.json`. Without `--full`, each is of a share of its size, and none begins after
twelve minutes. `--keep` adds what was measured to `benchmarks/results.json`, from which `make docs` renders a table.
"""

import argparse
import json
import pkgutil
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks import kept
from benchmarks.result import Result

OUT = Path("build/benchmarks.json")

#: Of a quick run: the share of the full size, and when the last one begins.
QUICK_SCALE, QUICK_SECONDS = 0.1, 12 * 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="which ones, like P8; all when none is named")
    parser.add_argument("--full", action="store_true", help="at full size, however long it takes")
    parser.add_argument("--scale", type=float, help=f"a share of the full size; {QUICK_SCALE:g} without --full")
    parser.add_argument("--keep", action="store_true", help="keep the figures for the documents")
    asked = parser.parse_args()
    scale = asked.scale or (1.0 if asked.full else QUICK_SCALE)
    wanted = {number.upper() for number in asked.numbers}
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if is_measurement(module.name))
    chosen = [name for name in names if not wanted or number_of(name) in wanted]
    if not chosen:
        parser.error(f"there is no such measurement; there are {', '.join(map(number_of, names))}")
    console, results, left_out, begun = Console(), [], [], time.monotonic()
    for name in chosen:
        module = import_module(f"benchmarks.{name}")
        if not (asked.full or wanted) and (is_only_in_full(module) or time.monotonic() - begun > QUICK_SECONDS):
            left_out.append(number_of(name))
            continue
        console.print(f"[dim]{name} …[/dim]")
        before = time.monotonic()
        result: Result = module.measure(scale)
        results.append(kept.Measurement.of(result, scale, time.monotonic() - before))
    console.print(table_of([each.result for each in results]))
    if left_out:
        console.print(f"Not measured: {', '.join(left_out)}. `--full`, or their names, measures them.")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([each.as_json() for each in results], indent=2), encoding="utf-8")
    if asked.keep:
        kept.keep(results)


def is_measurement(name: str) -> bool:
    """Whether a module is named `p08_…`.

    >>> is_measurement("p08_page_query"), is_measurement("products")
    (True, False)
    """
    return name[:1] == "p" and name[1:3].isdigit()


def number_of(name: str) -> str:
    return f"P{int(name[1:3])}"


def is_only_in_full(module: ModuleType) -> bool:
    return bool(getattr(module, "ONLY_IN_FULL", False))


def table_of(results: list[Result]) -> Table:
    table = Table("", "work", "goal", "measured", "")
    for result in results:
        verdict = "[green]met[/green]" if result.is_met else "[red]missed[/red]"
        detail = ", ".join(f"{name} {value}" for name, value in result.detail.items())
        table.add_row(
            result.number, f"{result.work}\n[dim]{detail}[/dim]", result.goal_text, result.measured_text, verdict
        )
    return table


if __name__ == "__main__":
    main()
