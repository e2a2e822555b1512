"""The SQL of tables and features is written as sqlfmt leaves it: lines that fit, and nothing that it takes for a comment."""

PLACES = ("pipelines/tables", "models")
NOT_FORMATTED = ("event.sql", "macros.sql")


def test_lines_fit_and_no_operator_looks_like_a_comment(root):
    found = [
        f"{path.relative_to(root)}:{number}"
        for place in PLACES
        for path in (root / place).rglob("*.sql")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (len(line) > 120 and path.name not in NOT_FORMATTED) or "//" in line.replace("://", "")
    ]
    assert found == [], (
        "at most 120 characters; for whole division use divide(), for sqlfmt takes two slashes for a comment"
    )
