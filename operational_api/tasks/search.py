"""Full text search of tasks: exact matches first, then approximate ones by trigrams.

Trigrams are computed here and not by pg_trgm, which many servers do not have: the same words find the same tasks everywhere, and twenty
thousand titles take a fraction of a second.
"""

import re
from collections.abc import Iterable
from uuid import UUID

WORD = re.compile(r"\w+")

#: Share of a word's trigrams that a title must contain, for each word of the query.
ALIKE = 0.4

#: Only a prefix of each title is compared: twenty thousand full titles would take seconds.
TITLE_CHARACTERS = 100


def as_query(query: str) -> str:
    """The query for Postgres' full text search. The last word matches as a prefix.

    >>> as_query("Quarterly rep")
    "'quarterly' & 'rep':*"
    """
    words = WORD.findall(query.lower())
    return " & ".join(f"'{word}'" for word in words) + (":*" if words else "")


def alike(query: str, titles: Iterable[tuple[UUID, str]], limit: int) -> list[UUID]:
    """Titles that contain each word exactly or approximately, best match first."""
    words = [_groups(word) for word in WORD.findall(query.lower())]
    if not words:
        return []
    found: list[tuple[float, UUID]] = []
    for id_, title in titles:
        there = _groups(title[:TITLE_CHARACTERS].lower())
        likeness = min(len(word & there) / len(word) for word in words)
        if likeness >= ALIKE:
            found.append((likeness, id_))
    found.sort(key=lambda each: -each[0])
    return [id_ for _, id_ in found[:limit]]


def _groups(text: str) -> set[str]:
    """The trigrams of the words of a text, padded at word boundaries."""
    return {f"  {word} "[n : n + 3] for word in WORD.findall(text) for n in range(len(word) + 1)}
