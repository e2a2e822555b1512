"""Every message of the product: the marked literals of code and templates, and the labels of what is declared elsewhere, such as metrics."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file

from focusflow import metrics, nouns, retention, score_reasons
from focusflow.notification_kinds import KINDS

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("focusflow", "ingestion", "reports", "operational_api", "dashboard")

#: Where the errors are that pages show.
PROBLEMS: Final = (
    "focusflow/errors.py",
    "focusflow/outbound.py",
    "focusflow/unsubscribe.py",
    "focusflow/database/session.py",
    "reports",
    "operational_api",
    "dashboard",
)

#: The functions that mark a message in code, and the one of templates.
CALLS: Final = ("_", "gettext", "mark", "ngettext", "pgettext")
KEYWORDS: Final = {"_": None}


@dataclass(frozen=True, slots=True)
class Found:
    """A message, where it stands, and what translators should know."""

    path: str
    message: str | tuple[str, ...]
    context: str | None = None


def messages() -> Iterator[Found]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix == ".py" or (path.suffix in (".html", ".txt") and "mails" in path.parts):
                yield from _marked(path)
    yield from (Found(path, text) for path, text in _declared() if text)
    yield from _problems()


def _marked(path: Path) -> Iterator[Found]:
    name = path.relative_to(ROOT).as_posix()
    if path.suffix == ".py":
        yield from of_code(name, path.read_text(encoding="utf-8"))
        return
    for _line, message, _comments, context in extract_from_file("jinja2.ext:babel_extract", path, KEYWORDS):
        yield Found(name, message, context)


def of_code(name: str, source: str) -> Iterator[Found]:
    """By the syntax tree: Babel's own extractor does not look into f-strings.

    >>> source = '''f"{_('Hello')}", ngettext("{n} day", "{n} days", 2), _(other["key"])'''
    >>> [found.message for found in of_code("a.py", source)]
    [('{n} day', '{n} days'), 'Hello']
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in CALLS:
            continue
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if node.func.id == "ngettext" and len(texts) == 2:
            yield Found(name, tuple(texts))
        elif node.func.id == "pgettext" and len(texts) == 2:
            yield Found(name, texts[1], texts[0])
        elif node.func.id not in ("ngettext", "pgettext") and texts:
            yield Found(name, texts[0])


def _problems() -> Iterator[Found]:
    """The sentences of the errors that pages show: docstrings of their classes, and literals with which they are raised. Where a sentence
    names a call or a setting, it is for programs and operators.
    """
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for package in PROBLEMS
        for path in sorted((ROOT / package).rglob("*.py") if (ROOT / package).is_dir() else [ROOT / package])
    }
    kinds = {"Problem"}
    while True:
        found = {each.name for tree in trees.values() for each in _classes(tree, kinds)}
        if found <= kinds:
            break
        kinds |= found
    for path, tree in trees.items():
        sentences = [ast.get_docstring(each) or "" for each in _classes(tree, kinds)]
        sentences += [
            str(each.args[0].value)
            for each in ast.walk(tree)
            if isinstance(each, ast.Call)
            and ast.unparse(each.func).rpartition(".")[2] in kinds
            and each.args
            and isinstance(each.args[0], ast.Constant)
        ]
        for sentence in (" ".join(each.split()) for each in sentences):
            if sentence.endswith(".") and "`" not in sentence and "FOCUSFLOW_" not in sentence:
                yield Found(path.relative_to(ROOT).as_posix(), sentence)


def _classes(tree: ast.AST, kinds: set[str]) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(each).rpartition(".")[2] in kinds for each in node.bases):
            yield node


def _declared() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Texts that stand with what they describe, and are translated where they are shown."""
    for metric in metrics.METRICS:
        yield from (("focusflow/metrics.py", text) for text in (metric.label, metric.unit, metric.meaning))
    yield from (("focusflow/metrics.py", part.meaning) for part in metrics.SCORE_PARTS)
    yield from (("focusflow/metrics.py", text) for text in metrics.TREND_WORDS.values())
    yield from (("focusflow/score_reasons.py", text) for text in score_reasons.TEXTS)
    personal = [rule for rule in retention.RULES if rule.is_personal]
    yield from (("focusflow/retention.py", text) for rule in personal for text in (rule.data, rule.always or ""))
    yield from (("focusflow/nouns.py", text) for text in nouns.NOUNS.values())
    for name, kind in KINDS.items():
        path = f"focusflow/notification_kinds/{name}.toml"
        yield path, kind.label
        yield from ((path, each.label) for each in kind.subscriptions.values())


def template() -> Catalog:
    """All messages, without translations."""
    catalog = Catalog(project="FocusFlow", fuzzy=False)
    for found in messages():
        catalog.add(found.message, locations=[(found.path, 0)], context=found.context)
    return catalog
