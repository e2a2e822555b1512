"""Ids for sources that have none: what stays the same when a record is edited, and a number where it repeats."""

from collections import Counter


class Identities:
    """Numbers the records that look the same, in the order of the file.

    >>> ids = Identities()
    >>> ids.of("Home", "Water the plants"), ids.of("Home", "Water the plants")
    ('Home|Water the plants', 'Home|Water the plants|2')
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, *parts: object) -> str:
        key = "|".join(map(str, parts))
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}|{self._seen[key]}"
