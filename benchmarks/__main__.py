"""`python -m benchmarks [P8 …] [--scale 0.1]`: runs the measurements, prints a table, writes `build/benchmarks.json`."""

import argparse
import json
import pkgutil
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.result import Result

OUT = Path("build/benchmarks.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="which ones, like P8; all when none is named")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the full size, for a quick look")
    asked = parser.parse_args()
    wanted = {number.upper() for number in asked.numbers}
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name.startswith("p"))
    chosen = [name for name in names if not wanted or f"P{int(name[1:3])}" in wanted]
    if not chosen:
        parser.error(f"there is no such measurement; there are {', '.join(f'P{int(name[1:3])}' for name in names)}")
    console, results = Console(), []
    for name in chosen:
        console.print(f"[dim]{name} …[/dim]")
        results.append(import_module(f"benchmarks.{name}").measure(asked.scale))
    console.print(table_of(results))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([result.as_json() for result in results], indent=2), encoding="utf-8")


def table_of(results: list[Result]) -> Table:
    table = Table("", "work", "goal", "measured", "")
    for result in results:
        sign = "≥" if result.more_is_better else "≤"
        verdict = "[green]met[/green]" if result.is_met else "[red]missed[/red]"
        measured = f"{result.value:,.2f} {result.unit}"
        detail = ", ".join(f"{name} {value}" for name, value in result.detail.items())
        table.add_row(
            result.number,
            f"{result.work}\n[dim]{detail}[/dim]",
            f"{sign} {result.goal:g} {result.unit}",
            measured,
            verdict,
        )
    return table


main()
