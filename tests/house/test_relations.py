"""A relation is given to a query, and gone after it: nothing but the session makes temporary ones."""

import re

CREATED = re.compile(
    r"create\s+(or\s+replace\s+)?temp(orary)?\s+(table|view)(?![^;]*\bon commit drop\b)", re.IGNORECASE
)
AMBIENT = re.compile(r"getvariable\(|\bset variable\b", re.IGNORECASE)


def found(root, pattern, *packages):
    files = [path for package in packages for path in (root / package).rglob("*") if path.suffix in (".py", ".sql")]
    return [
        f"{path.relative_to(root)}: {match[0]}"
        for path in files
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
        if path.relative_to(root).as_posix() != "focusflow/lake/session.py"
    ]


def test_only_the_session_makes_temporary_relations(root):
    """But for those of a Postgres transaction, which Postgres drops with it."""
    assert found(root, CREATED, "focusflow/lake", "pipelines", "models", "reports") == []


def test_no_query_reads_a_variable_that_was_set_before(root):
    assert found(root, AMBIENT, "pipelines", "models", "reports") == []
