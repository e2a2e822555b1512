"""Names in the code, its tests and benchmarks use the terms of docs/glossary.md. Words that it has replaced do not come back."""

import ast
import re

import pytest

RETIRED = {
    "achieving", "admitted", "anew", "asked", "asked_for", "begin_again", "bring_up", "counted_days", "counted_people", "dangling",
    "door", "everybody", "floor_key", "happening", "laid", "last_said", "lay_out", "notes_since", "observed", "outrun", "person",
    "persons", "proof", "proven", "pulse", "put_aside", "read_ahead", "reminding", "said", "somebody", "stays", "storm", "sum_up",
    "take_in", "taken_in", "told", "whoever", "wish", "wishes",
}  # fmt: skip

#: The name of a test is a sentence, so verbs of plain English may stand in it.
VERBS = {"asked", "asked_for", "said", "stays", "told", "laid"}


def words_of(name: str) -> str:
    """A name as words between underscores, for which a retired word can be looked up whole.

    >>> words_of("DeadLetterPublisher")
    '_dead_letter_publisher_'
    """
    return "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_") + "_"


def retired_in(name: str) -> bool:
    words = RETIRED - VERBS if name.startswith("test_") else RETIRED
    return any(f"_{word}_" in words_of(name) for word in words)


def _names(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.arg(arg=name):
                names.append(name)
    return names


def test_no_module_function_class_or_parameter_has_a_retired_name(root, files):
    found = [
        f"{path}: {name}"
        for path in files
        if path.suffix == ".py" and "versions" not in path.parts
        for name in (*path.with_suffix("").parts, *_names(ast.parse((root / path).read_text(encoding="utf-8"))))
        if retired_in(name)
    ]
    assert found == [], "use the term of docs/glossary.md"


@pytest.mark.parametrize(
    ("name", "is_retired"),
    [("WorkDoor", True), ("_sum_up", True), ("sum_updates", False), ("test_what_is_told", False), ("told", True)],
)
def test_a_retired_word_is_found_whole_and_in_every_spelling(name, is_retired):
    assert retired_in(name) is is_retired
