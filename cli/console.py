"""The output of `focusflow up`: a live line per part on a terminal, plain lines elsewhere."""

import io
import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.supervisor.tree import State
from focusflow.clock import now

BUSY = {State.STARTING, State.STOPPING, State.WAITING, State.ENDED, State.SILENT}
COLORS = {State.READY: "green", State.WAITING: "yellow", State.ENDED: "red", State.SILENT: "red"}


class ResilientStdout(io.TextIOWrapper):
    """Standard output that discards text once its terminal or pipe is closed, so that shutdown can finish in order."""

    def __init__(self) -> None:
        super().__init__(os.fdopen(os.dup(1), "wb"), encoding="utf-8", errors="replace")

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            silence = os.open(os.devnull, os.O_WRONLY)
            for descriptor in (1, self.fileno()):  # the first is Python's own, which it flushes at the end
                os.dup2(silence, descriptor)
            os.close(silence)


class Screen:
    """Shows states: live on a terminal between `start_progress()` and `stop_progress()`, otherwise one line per change."""

    def __init__(self) -> None:
        self._stdout = ResilientStdout()
        self.console = Console(file=self._stdout, highlight=False)
        self._states: dict[str, State] = {}
        self._spinners: dict[str, Spinner] = {}
        self._live: Live | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_progress()
        self._stdout.close()

    def start_progress(self) -> None:
        if self.console.is_terminal and self._live is None:
            self._live = self._closing.enter_context(Live(self._rows(), console=self.console, refresh_per_second=8))

    def stop_progress(self) -> None:
        self._closing.close()
        self._live = None

    def report_state(self, name: str, state: State, detail: str = "") -> None:
        self._states[name] = state
        if self._live:
            self._live.update(self._rows())
        if detail or not (self._live or (self.console.is_terminal and state not in COLORS)):
            self.report(f"{now():%H:%M:%S} {name}: {detail or state.value}", COLORS.get(state))

    def report(self, sentence: str, style: str | None = None) -> None:
        self.console.print(sentence, style=style, soft_wrap=True)

    def announce(self, addresses: Mapping[str, str], logins: Mapping[str, str], seconds: float) -> None:
        """Print the addresses, and the logins of the demo."""
        table = Table.grid(padding=(0, 2))
        for name, address in addresses.items():
            table.add_row(Text(name, style="bold"), Text(address, style="cyan"))
        for account, password in logins.items():
            table.add_row(Text("sign in", style="bold"), f"{account}  {password}")
        self.console.print()
        self.console.print(table)
        self.console.print(f"\nReady after {seconds:.0f} s. Ctrl-C stops everything.")

    def _rows(self) -> Table:
        rows = Table.grid(padding=(0, 1))
        for name, state in self._states.items():
            if state in BUSY:
                rows.add_row(self._spinners.setdefault(name, Spinner("dots")), name, Text(state.value, style="dim"))
            else:
                rows.add_row(Text("✓", style="green"), name, Text(state.value, style="dim"))
        return rows
