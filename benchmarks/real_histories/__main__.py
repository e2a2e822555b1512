"""`python -m benchmarks.real_histories cesaw FOLDER --home HOME` brings a history into the lake of a home, ready for `focusflow evaluate`;
with --usual instead of a home, it says how often a week falls into its user's usual range; with --faults, what is wrong with CESAW's logs.
"""

import argparse
from importlib import import_module
from pathlib import Path

from benchmarks.real_histories.faults import faults
from benchmarks.real_histories.load import load
from benchmarks.real_histories.usual_range import coverage
from focusflow.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_histories", description=__doc__)
    parser.add_argument("name", choices=["cesaw", "sip"])
    parser.add_argument("folder", type=Path, help="where its files lie")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--home", type=Path, help="an empty home; evaluate it with FOCUSFLOW_HOME=<home>")
    what.add_argument("--usual", action="store_true", help="how often a week falls into the usual range")
    what.add_argument("--faults", action="store_true", help="what is wrong with its logs as they were written (cesaw)")
    asked = parser.parse_args()
    if asked.faults:
        print("\n".join(f"{count:>9,} {name}" for name, count in faults(asked.folder).items()))
        return
    events = import_module(f"benchmarks.real_histories.{asked.name}").events(asked.folder)
    if asked.usual:
        print(", ".join(f"{name} {value:,.3f}" for name, value in coverage(events).items()))
        return
    settings = load_settings(home=asked.home)
    count = load(settings, events)
    print(f"{count:,} events are in {settings.lake_location}")


main()
