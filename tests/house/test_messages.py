"""What users read is a message of the catalogs: no page shows a literal that is not marked."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "dashboard"

#: Names of products and formats, and what is written alike everywhere.
ALIKE = {"FocusFlow", "CSV", "PDF", "HTML", "JSON", "NDCG@5", "user.changed"}

#: Whose first argument is shown, and those of their named ones that are.
STREAMLIT = {
    "title",
    "header",
    "subheader",
    "markdown",
    "caption",
    "info",
    "warning",
    "error",
    "success",
    "toast",
    "button",
    "toggle",
    "checkbox",
    "popover",
    "expander",
    "form_submit_button",
    "link_button",
    "page_link",
    "download_button",
    "metric",
    "text_input",
    "text_area",
    "number_input",
    "date_input",
    "time_input",
    "selectbox",
    "multiselect",
    "pills",
    "segmented_control",
    "select_slider",
    "menu_button",
    "file_uploader",
    "badge",
    "spinner",
    "radio",
    "CheckboxColumn",
    "TextColumn",
    "DateColumn",
    "SelectboxColumn",
    "NumberColumn",
    "Column",
    "Page",
    "data_editor",
    "dataframe",
    "iframe",
}
NAMED = {"label", "help", "placeholder", "title", "alt"}
#: Parameters of functions of our own that are shown.
OWN_NAMED = {"label", "help"}
WITHOUT_FIRST = {"Page", "data_editor", "dataframe", "iframe"}

#: Parts of our own: which of their arguments are shown.
OURS = {
    ("layout", "page_header"): (0,),
    ("layout", "section_header"): (0, 1),
    ("layout", "empty_state"): (0,),
    ("layout", "stat"): (0, 2, 3),
    ("layout", "metric"): (2,),
    ("layout", "chart"): (1,),
    ("layout", "perform"): (1,),
    ("layout", "perform_and_rerun"): (1,),
    ("layout", "on_click"): (1,),
    ("layout", "rerun_with"): (0,),
    ("undo", "act"): (1,),
    ("undo", "on_click"): (1,),
}

#: Icons, colors and addresses in Markdown, which nobody translates.
MARKUP = re.compile(r":material/\w+:|:[\w-]+\[|https?://\S+|\w+s?://\S+|`[^`]*`")


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for shown in _shown(node):
                yield from _literals(shown)


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    function = call.func
    if not isinstance(function, ast.Attribute):
        yield from (each.value for each in call.keywords if each.arg in OWN_NAMED)
        return
    owner = ast.unparse(function.value)
    if owner in ("st", "column", "st.column_config") and function.attr in STREAMLIT:
        if function.attr not in WITHOUT_FIRST:
            yield from call.args[:1]
        yield from (each.value for each in call.keywords if each.arg in NAMED)
    elif (owner, function.attr) == ("alt", "Tooltip"):
        yield from (each.value for each in call.keywords if each.arg == "title")
    places = OURS.get((owner, function.attr), ())
    yield from (call.args[place] for place in places if place < len(call.args))


def _literals(shown: ast.expr) -> Iterator[tuple[int, str]]:
    match shown:
        case ast.Constant(value=str(text)) if text not in ALIKE and re.search(r"[A-Za-z]{2,}", MARKUP.sub("", text)):
            yield shown.lineno, text
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from _literals(part.value if isinstance(part, ast.FormattedValue) else part)
        case ast.IfExp(body=yes, orelse=no):
            yield from (*_literals(yes), *_literals(no))
        case ast.BoolOp(values=values):
            yield from (found for value in values for found in _literals(value))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from (*_literals(left), *_literals(right))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('st.button("Save")', ["Save"]),
        ('st.button(_("Save"), icon=":material/save:")', []),
        ('st.button("" if x else "Save", help="Now")', ["Save", "Now"]),
        ('st.markdown(f"**{name}** by {who}")', ["** by "]),
        ('st.markdown(f":small[{text}]")', []),
        ('layout.stat("Oldest", value, None, "What it is")', ["Oldest", "What it is"]),
        ('alt.Tooltip("day:T", title="Day")', ["Day"]),
        ('_complete_button(task, label="Done" if is_next else "")', ["Done"]),
    ],
)
def test_literals_are_found(source, expected):
    assert [text for _, text in unmarked(source)] == expected


@pytest.mark.parametrize("path", sorted(DASHBOARD.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_shows_messages_of_the_catalogs_only(path):
    assert list(unmarked(path.read_text(encoding="utf-8"))) == []


def test_no_module_that_translates_binds_the_underscore():
    """A loop variable of that name would hide the function in all of its scope."""
    for package in ("focusflow", "ingestion", "reports", "operational_api", "dashboard"):
        for path in (ROOT / package).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if "gettext as _" not in source:
                continue
            bound = {
                node.lineno
                for node in ast.walk(ast.parse(source))
                if (isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store))
                or (isinstance(node, ast.arg) and node.arg == "_")
            }
            assert not bound, (path, bound)
