"""Finding tasks by words: as they stand first, then forgiving what is misspelt.

Words are compared by their groups of three letters. It is done here and not by pg_trgm, which many servers do not have: the same words
find the same tasks everywhere, and twenty thousand titles take a fraction of a second.
"""

import re
from collections.abc import Iterable
from uuid import UUID

WORD = re.compile(r"\w+")

#: So much of a word's groups must be in a title, for each word asked for.
ALIKE = 0.4

#: Only the beginning of a title is compared: twenty thousand titles of full length would take seconds.
TITLE_CHARACTERS = 100


def as_query(asked: str) -> str:
    """The words for Postgres' full text search; the last one may go on.

    >>> as_query("Quarterly rep")
    "'quarterly' & 'rep':*"
    """
    words = WORD.findall(asked.lower())
    return " & ".join(f"'{word}'" for word in words) + (":*" if words else "")


def alike(asked: str, titles: Iterable[tuple[UUID, str]], limit: int) -> list[UUID]:
    """The titles in which each word is found or nearly so, the nearest first."""
    words = [_groups(word) for word in WORD.findall(asked.lower())]
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
    """The groups of three letters in its words, their beginnings and ends among them."""
    return {f"  {word} "[n : n + 3] for word in WORD.findall(text) for n in range(len(word) + 1)}
