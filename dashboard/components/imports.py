"""The import of a file: upload, preview, progress, result and undo."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboard import current_user, formatting
from dashboard.api_client import Client, Json
from dashboard.components import layout
from focusflow import locales
from focusflow.errors import Problem
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.import_formats import FORMATS
from focusflow.nouns import counted

#: What an upload may have. A larger file goes through `focusflow import`.
UPLOAD_MB = 32

#: How often the progress is looked at.
WATCH_SECONDS = 1.0

SHOWN = 20
UNDER_WAY = {"previewing", "importing", "undoing"}
NOT_TAKEN = mark("Leave out")

#: The choice to have the format found out.
RECOGNIZED = ""

SOURCES = "Todoist, TickTick, Toggl, Clockify, Taskwarrior, todo.txt, iCalendar, ActivityWatch, WakaTime, Super Productivity, Habitica, Loop, Google Takeout"


def upload() -> None:
    """Choose a file. Its preview follows below."""
    uploads = st.session_state.setdefault("uploads", 0)  # another key empties the widget
    with layout.row():
        file = st.file_uploader(
            _("A file from {programs}, or any CSV file", programs=SOURCES),
            max_upload_size=UPLOAD_MB,
            key=f"import file {uploads}",
        )
        chosen = st.selectbox(
            _("Format"),
            [RECOGNIZED, *FORMATS],
            format_func=lambda name: FORMATS.get(name, _("Recognize it")),
            key="import format",
        )
    if file is None:
        st.caption(_("You see a preview first. Nothing is imported until you confirm, and you can undo all of it."))
        return
    try:
        with st.spinner(_("Uploading …")):
            layout.call_api(lambda client: client.upload_import(file.name[-200:], file.getvalue(), chosen or None))
    except Problem as problem:
        st.error(str(problem), icon=":material/error:")
        return
    st.session_state["uploads"] += 1
    st.rerun()


def imports(*, only_unfinished: bool = False) -> None:
    """What was uploaded, the newest first."""
    found = layout.fetch(lambda client: list(client.imports()))
    unfinished = [each for each in found or [] if each["status"] not in {"done", "undone"}]
    for each in unfinished if only_unfinished else found or []:
        _import(each["id"], is_under_way=each["status"] in UNDER_WAY)


def _import(import_id: str, *, is_under_way: bool) -> None:
    with st.container(border=True):
        if is_under_way:
            _watch(import_id)
        elif found := layout.fetch(lambda client: client.import_(import_id)):
            _show(found)


@st.fragment(run_every=WATCH_SECONDS)
def _watch(import_id: str) -> None:
    """Look at an import until it is over; then the page runs again."""
    try:
        found = layout.call_api(lambda client: client.import_(import_id))
    except Problem as problem:
        st.caption(str(problem))
        return
    if found["status"] not in UNDER_WAY:
        current_user.rerun()
    name, progress = current_user.escape_markdown(found["file_name"]), found["progress"]
    if found["status"] == "previewing":
        text = _("Reading {name} …", name=name)
    elif found["status"] == "undoing":
        text = _("Undoing the import of {name} …", name=name)
    else:
        done, total = locales.count(progress["done"]), locales.count(progress["total"])
        text = _("Importing {name}: {done} of {total}", name=name, done=done, total=total)
    st.progress(progress["done"] / progress["total"] if progress["total"] else 0.0, text)


def _show(found: Json) -> None:
    name, import_id = current_user.escape_markdown(found["file_name"]), found["id"]
    day = layout.local(found["created_at"], current_user.require_user())
    st.markdown(f"**{name}** · {formatting.long_date(day.date())}")
    match found["status"]:
        case "ready":
            _preview(found)
        case "failed":
            st.error(found["problem"], icon=":material/error:")
            _other_format(found)
            st.button(_("Discard"), key=f"discard {import_id}", on_click=_discarding(import_id))
        case "done":
            with layout.row():
                st.markdown(_("Imported: {imported}.", imported=counted(found["imported"])))
                with st.popover(_("Undo")):
                    st.markdown(_("All that this import brought is removed, also what you have changed since."))
                    st.button(
                        _("Undo this import"),
                        key=f"undo {import_id}",
                        type="primary",
                        on_click=layout.on_click(lambda client: client.undo_import(import_id), _("Undoing …")),
                    )
            if found["problem"]:
                st.error(found["problem"], icon=":material/error:")
            _known(found)
            _findings(found)
        case _:
            st.markdown(_("Undone."))


def _preview(found: Json) -> None:
    import_id, is_empty = found["id"], not found["imported"]
    if is_empty:
        st.markdown(_("Nothing new to import."))
    else:
        st.markdown(_("Ready to import: **{imported}**.", imported=counted(found["imported"])))
    _known(found)
    if found["columns"]:
        _columns(found)
    _findings(found)
    with st.container(horizontal=True):
        st.button(
            _("Import"),
            key=f"confirm {import_id}",
            type="primary",
            disabled=is_empty,
            on_click=layout.on_click(lambda client: client.confirm_import(import_id), _("Importing …")),
        )
        st.button(_("Discard"), key=f"discard {import_id}", on_click=_discarding(import_id))
    _other_format(found)


def _discarding(import_id: str) -> Callable[[], None]:
    return layout.on_click(lambda client: client.undo_import(import_id), _("Discarded."))


def _known(found: Json) -> None:
    if found["known"]:
        st.caption(_("Already imported, left unchanged: {known}.", known=counted(found["known"])))


def _findings(found: Json) -> None:
    """What is skipped or changed, and where it stands in the file."""
    findings, number = found["findings"], found["skipped"] + found["changed"]
    if not number:
        return
    with st.expander(
        _(
            "{skipped} skipped, {changed} imported with a change",
            skipped=locales.count(found["skipped"]),
            changed=locales.count(found["changed"]),
        )
    ):
        if number > len(findings):
            st.caption(
                _(
                    "The first {listed} of {number}.",
                    listed=locales.count(len(findings)),
                    number=locales.count(number),
                )
            )
        frame = pl.DataFrame(findings).select(
            pl.col("place").alias(_("Where")), pl.col("outcome").alias(_("What")), pl.col("reason").alias(_("Why"))
        )
        st.dataframe(frame, hide_index=True, width="stretch", height="content" if len(findings) <= SHOWN else 400)


def _columns(found: Json) -> None:
    """What the columns of a table are taken for, to be set right."""
    columns, import_id = found["columns"], found["id"]
    mapping: dict[str, str] = columns["mapping"]
    st.markdown(" · ".join(f"{_name(field)}: `{column}`" for field, column in mapping.items()))
    with st.expander(_("What the columns mean")), st.form(f"columns {import_id}", border=False):
        options = [NOT_TAKEN, *columns["header"]]
        chosen = {}
        with layout.card_grid(3):
            for field in columns["fields"]:
                index = options.index(mapping[field]) if mapping.get(field) in options else 0
                chosen[field] = st.selectbox(
                    _name(field),
                    options,
                    index,
                    key=f"{import_id} {field} {mapping.get(field)}",
                    format_func=lambda column: _(NOT_TAKEN) if column == NOT_TAKEN else column,
                )
        if st.form_submit_button(_("Preview again")):
            wanted = {field: None if column == NOT_TAKEN else column for field, column in chosen.items()}
            _read_again(import_id, format=found["format"], columns=wanted)


def _other_format(found: Json) -> None:
    with st.expander(_("Wrong format?")), st.form(f"format {found['id']}", border=False):
        name = st.selectbox(_("Format"), list(FORMATS), _index(found["format"]), format_func=FORMATS.__getitem__)
        if st.form_submit_button(_("Preview again")) and name is not None:
            _read_again(found["id"], format=name)


def _index(name: str | None) -> int | None:
    """The place of a format in the list; None if it was not recognized."""
    return list(FORMATS).index(name) if name in FORMATS else None


def _read_again(import_id: str, **changes: Any) -> None:
    layout.perform_and_rerun(lambda client: client.preview_import(import_id, **changes), _("Reading the file again …"))


def _name(field: str) -> str:
    return field.replace("_", " ").capitalize()


def is_first_run(client: Client) -> bool:
    """Whether a user has nothing yet: no task, and no import that is done."""
    has_tasks = next(client.tasks(limit=1), None) is not None
    return not has_tasks and not any(each["status"] == "done" for each in client.imports())
