"""`python -m benchmarks.real_histories cesaw FOLDER --home HOME`: brings a history into the lake of a home, ready for `focusflow evaluate`."""

import argparse
from importlib import import_module
from pathlib import Path

from benchmarks.real_histories.load import load
from focusflow.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_histories", description=__doc__)
    parser.add_argument("name", choices=["cesaw", "sip"])
    parser.add_argument("folder", type=Path, help="where its files lie")
    parser.add_argument(
        "--home", type=Path, required=True, help="an empty home; evaluate it with FOCUSFLOW_HOME=<home>"
    )
    asked = parser.parse_args()
    settings = load_settings(home=asked.home)
    count = load(settings, import_module(f"benchmarks.real_histories.{asked.name}").events(asked.folder))
    print(f"{count:,} events are in {settings.lake_location}")


main()
