"""The figures that are kept for the documents, each with the machine, the day and the share of the full size: the newest of each measurement."""

import json
import os
import platform
import re
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks.result import Result
from focusflow import clock

KEPT = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A result, and under which circumstances it came about."""

    result: Result
    measured_on: str
    scale: float
    seconds: float
    load: float  # of the machine at its end: this and others
    machine: str

    @classmethod
    def of(cls, result: Result, scale: float, seconds: float) -> Self:
        load = os.getloadavg()[0]
        return cls(result, f"{clock.now():%Y-%m-%d}", scale, round(seconds), round(load, 1), machine())

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"result": self.result.as_json()}


def machine() -> str:
    cpu = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", cpu.read_text(encoding="utf-8"), re.MULTILINE) if cpu.exists() else []
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name.lower())}" for name in ("DuckDB", "Polars", "deltalake"))
    name = names[0] if names else platform.processor()
    return f"{os.cpu_count()} × {name}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, {libraries}"


def read() -> list[Measurement]:
    if not KEPT.exists():
        return []
    names = {field.name for field in fields(Result)}
    return [
        Measurement(**each | {"result": Result(**{name: each["result"][name] for name in names})})
        for each in json.loads(KEPT.read_text(encoding="utf-8"))
    ]


def keep(measured: list[Measurement]) -> None:
    known = {each.result.number: each for each in [*read(), *measured]}
    ordered = sorted(known.values(), key=lambda each: int(each.result.number[1:]))
    KEPT.write_text(json.dumps([each.as_json() for each in ordered], indent=1) + "\n", encoding="utf-8")


def table() -> str:
    """The kept figures as a document shows them."""
    found = read()
    lines = ["| | work | goal | measured | | size | on | load | details |", "|---|---|---|---|---|---|---|---|---|"]
    for each in found:
        result, detail = each.result, "; ".join(f"{name} {value}" for name, value in each.result.detail.items())
        lines.append(
            f"| {result.number} | {result.work} | {result.goal_text} | {result.measured_text} |"
            f" {'met' if result.is_met else 'missed'} | {each.scale:g} | {each.measured_on} | {each.load:g} | {detail} |"
        )
    machines = dict.fromkeys(each.machine for each in found)
    return "\n".join([*lines, "", *(f"Machine: {name}." for name in machines)])
