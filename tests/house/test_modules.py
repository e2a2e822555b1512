"""How each module of the product is written."""

import ast
import doctest
import importlib
import re

import pytest

STATEMENT = re.compile(
    r"\s*(select\s.*\sfrom\s|insert\s+into\s|update\s.*\sset\s|delete\s+from\s)", re.IGNORECASE | re.DOTALL
)


def test_each_module_opens_with_its_charter(root, modules):
    without = [
        str(path)
        for path in modules
        if "versions" not in path.parts and not ast.get_docstring(ast.parse((root / path).read_text(encoding="utf-8")))
    ]
    assert without == [], "say in one or two lines what the module is for"


def test_no_statement_is_put_together_from_pieces(root, modules):
    found = [
        f"{path}:{node.lineno}"
        for path in modules
        for node in ast.walk(ast.parse((root / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and STATEMENT.match(_text(node))
    ]
    assert found == [], "values are bound as parameters, names by psycopg.sql; the statement stands in a .sql file"


def _text(node: ast.expr) -> str:
    """The text of an f-string or of a string that is formatted; each placeholder is one word in it."""
    match node:
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts) + " "
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return text + " "
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod() | ast.Add()):
            return text + " x "
    return ""


@pytest.mark.parametrize(
    ("source", "is_statement"),
    [
        ('f"select * from {table}"', True),
        ('"delete from tasks where id = %s" % task', True),
        ('"insert into {} values (1)".format(table)', True),
        ('"update tasks set title = " + title', True),
        ('f"Select a goal, {name}."', False),
        ('"select * from tasks where id = %(id)s"', False),
    ],
)
def test_a_statement_is_distinguished_from_a_sentence(source, is_statement):
    assert bool(STATEMENT.match(_text(ast.parse(source, mode="eval").body))) is is_statement


def test_the_lake_is_built_without_looking_at_the_clock_or_rolling_dice(root, files):
    impure = re.compile(
        r"\b(now|today|random|uuid|gen_random_uuid)\s*\(|\bcurrent_(date|time|timestamp)\b", re.IGNORECASE
    )
    found = [
        f"{path}:{number}"
        for path in files
        if path.suffix == ".sql" and path.parts[:2] == ("pipelines", "tables")
        for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), start=1)
        if impure.search(line.partition("--")[0])
    ]
    assert found == [], "rebuilding the same days must give the same rows"


def test_the_examples_in_docstrings_are_true(root, modules):
    told = [path for path in modules if re.search(r"^\s*>>> ", (root / path).read_text(encoding="utf-8"), re.MULTILINE)]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in told]
    wrong = [name for name in names if doctest.testmod(importlib.import_module(name)).failed]
    assert wrong == []
