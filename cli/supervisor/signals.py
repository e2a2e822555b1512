"""Stop signals: the first Ctrl-C, SIGTERM or closed terminal stops in order, the second at once."""

import signal
from types import TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Counts stop signals for the length of a block. The handler does nothing else, so it is safe at any moment."""

    def __init__(self) -> None:
        self._times = 0
        self._before: dict[signal.Signals, Any] = {}

    def is_wanted(self) -> bool:
        return self._times > 0

    def is_urgent(self) -> bool:
        return self._times > 1

    def __enter__(self) -> Self:
        for each in SIGNALS:
            if each is signal.SIGHUP and signal.getsignal(each) is signal.SIG_IGN:
                continue  # nohup means that a closed terminal is to be survived
            self._before[each] = signal.signal(each, self._count)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _count(self, *_: object) -> None:
        self._times += 1
