"""Great Expectations' Data Docs: what holds and what does not, table by table, as pages to open in a browser."""

import re
import shutil
from datetime import datetime
from pathlib import Path

from focusflow.lake.session import Session
from focusflow.lake.tables import Lake
from pipelines.engine.checks import CHECKED, context, counts_of, frame_of, suite_of

#: What its pages would fetch from other hosts: styles, icons, a newsletter. They are to be read without any.
REMOTE = re.compile(
    r"""<link[^>]*href="https?:[^>]*>|<script[^>]*src="https?:[^>]*></script>|<img[^>]*src="https?:[^>]*>|<footer.*?</footer>|url\('https?:[^']*'\)""",
    re.DOTALL,
)
#: Where Dagster's pages show them: no browser follows a link from there to a file.
ADDRESS = "/data-docs"

INDEX = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title></head><body><h1>Data Docs</h1>
<p>What holds in which table, as Great Expectations found it at {now:%Y-%m-%d %H:%M} UTC. A table's page shows how often a rule is broken.</p>
<table><tr><th></th><th>Table</th><th>Rules kept</th><th>Rows</th></tr>{rows}</table></body></html>"""
ROW = """<tr><td><i class="{mark}"></i></td><td><a href="{page}">{table}</a></td><td>{kept} of {all}</td><td>{count:,}</td></tr>"""
MARKS = {True: "fa-check-circle", False: "fa-times"}
STYLE = """<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
table { border-collapse: collapse; margin: .25rem 0 1rem; } td, th { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid #8884; }
ol.breadcrumb, ul { padding-left: 1.2rem; } ol.breadcrumb { list-style: none; padding: 0; } h5, h6 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.fa-check-circle::before { content: "\\2713 holds"; color: #1a7f37; } .fa-times::before { content: "\\2717 broken"; color: #d1242f; }
.modal, .carousel, .collapse, [data-toggle="modal"], [data-toggle="collapse"] { display: none; }
</style></head>"""


def write(lake: Lake, session: Session, folder: Path, now: datetime) -> Path:
    """Judge every table that there is, and write the pages again. Returns the page to begin with."""
    import great_expectations as gx

    made = context()
    for site in list(made.variables.data_docs_sites or {}):
        made.delete_data_docs_site(site)
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(fresh)}
    made.add_data_docs_site(
        "tables",
        {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}},
    )  # fmt: skip
    rows = []
    source = made.data_sources.add_pandas("lake")
    for table in CHECKED:
        counts = counts_of(lake, session, table)
        if counts is None:
            continue
        name = table.replace("/", ".")
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("newest")
        suite = made.suites.add(suite_of(table, counts))
        definition = made.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        checkpoint = gx.Checkpoint(name=name, validation_definitions=[definition], result_format="SUMMARY")
        found = made.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame_of(counts)})
        (judged,) = found.run_results.values()
        rows.append((table, counts.rows, judged.statistics))
    made.build_data_docs()
    table_rows = [
        ROW.format(
            mark=MARKS[each["unsuccessful_expectations"] == 0], table=table, count=count, kept=each["successful_expectations"],
            all=each["evaluated_expectations"], page=next((fresh / "validations" / table).rglob("*.html")).relative_to(fresh).as_posix(),
        )
        for table, count, each in rows
    ]  # fmt: skip
    (fresh / "index.html").write_text(INDEX.format(now=now, rows="".join(table_rows)), encoding="utf-8")
    for page in fresh.rglob("*.html"):
        text = REMOTE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", STYLE, 1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder / "index.html"
