"""An end to waiting for a server that does not answer. It waits in libpq, which knows no time, and of a frozen process the network says nothing."""

import os
import socket
import threading
import time


class Patience:
    """Hangs up on connections that are at work for too long: whoever waits on one is told at once that it is lost."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, dict[int, float]()
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._watch = threading.Thread(target=self._look, name="patience", daemon=True)

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._is_over.set()
        self._watch.join()

    def begin(self, descriptor: int) -> None:
        with self._lock:
            self._until[descriptor] = time.monotonic() + self._seconds

    def end(self, descriptor: int) -> None:
        with self._lock:
            self._until.pop(descriptor, None)

    def _look(self) -> None:
        while not self._is_over.wait(self._seconds / 10):
            with self._lock:  # nobody closes a connection, and nobody gets its number, while it is hung up on
                for descriptor in [each for each, until in self._until.items() if until < time.monotonic()]:
                    del self._until[descriptor]
                    with socket.socket(fileno=os.dup(descriptor)) as connection:
                        connection.shutdown(socket.SHUT_RDWR)
