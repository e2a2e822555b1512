"""Text that spreadsheets and terminals show as it is."""

#: What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> inert("=HYPERLINK(1)"), inert("a=1")
    ("'=HYPERLINK(1)", 'a=1')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def visible(text: str) -> str:
    r"""A text whose control characters are written out: sent to a terminal, they could change what it shows, or its title.

    >>> visible("a\x1b[2Jb\u202ec")
    'a\\x1b[2Jb\\u202ec'
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
