"""Names in the code use the terms of docs/glossary.md. Words that it has replaced do not come back."""

import ast
import re

import pytest

RETIRED = {
    "admitted", "begin_again", "dangling", "door", "floor_key", "happening", "laid", "notes_since", "observed", "outrun", "proof",
    "proven", "pulse", "somebody", "stays", "storm", "sum_up", "whoever", "wish",
}  # fmt: skip


def words_of(name: str) -> str:
    """A name as words between underscores, for which a retired word can be looked up whole.

    >>> words_of("DeadLetterPublisher")
    '_dead_letter_publisher_'
    """
    return "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_") + "_"


def retired_in(name: str) -> bool:
    return any(f"_{word}_" in words_of(name) for word in RETIRED)


def _names(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.arg(arg=name):
                names.append(name)
    return names


def test_no_module_function_class_or_parameter_has_a_retired_name(root, modules):
    found = [
        f"{path}: {name}"
        for path in modules
        if "versions" not in path.parts
        for name in (*path.with_suffix("").parts, *_names(ast.parse((root / path).read_text(encoding="utf-8"))))
        if retired_in(name)
    ]
    assert found == [], "use the term of docs/glossary.md"


@pytest.mark.parametrize(("name", "is_retired"), [("WorkDoor", True), ("_sum_up", True), ("sum_updates", False)])
def test_a_retired_word_is_found_whole_and_in_every_spelling(name, is_retired):
    assert retired_in(name) is is_retired
