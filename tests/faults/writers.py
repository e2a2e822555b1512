"""Users who write events all the while, through the door that the product uses."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count as counter

from tests.conftest import add_user
from tests.integration.ingestion.conftest import write_events


class Writers:
    """Threads that write until they are told to stop, and keep what was acknowledged."""

    def __init__(self, database, users=4, pause=0.01):
        self._database, self._users = database, [add_user(database) for _ in range(users)]
        self._pause = pause
        self._stop, self._threads = threading.Event(), ThreadPoolExecutor(users)
        self._results = [self._threads.submit(self._write, user_id) for user_id in self._users]

    def _write(self, user_id):
        accepted: list[str] = []
        for number in counter(1):
            if self._stop.wait(self._pause):
                return accepted
            accepted += self.write(user_id, number % 5 + 1)
        return accepted

    def write(self, user_id, count):
        return write_events(self._database, user_id, count)

    def finish(self):
        self._stop.set()
        self._threads.shutdown()
        return {event_id for result in self._results for event_id in result.result()}
