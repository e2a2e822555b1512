"""Every stored column is read by something that acts on it. A column that only goes back to its user is listed here."""

import re
import subprocess
from pathlib import Path

from focusflow.database.tables import metadata

ROOT = Path(__file__).parents[2]

#: What stores, declares, describes or returns a column, but does nothing by it.
WRITERS = re.compile(
    r"^(tests|docs|benchmarks|requirements|ingestion/demo|ingestion/importers|focusflow/contracts|operational_api/exports)/|^ingestion/replay\.py$|/migrations/|^focusflow/database/tables\.py|/schemas\.py$|/table\.toml$"
)

#: What the importers remember. They read it themselves, and only write the rest.
OF_IMPORTS = frozenset({"imports", "import_files", "import_items"})

#: Columns that nothing acts on, and why they are stored all the same.
ONLY_RETURNED = {
    "categories.color": "shown by apps",
    "categories.created_at": "returned by the API",
    "categories.updated_at": "returned by the API",
    "habit_logs.mood": "the user's own note",
    "habit_logs.notes": "the user's own note",
    "habit_logs.skip_reason": "the user's own note",
    "habit_logs.value": "the user's own note",
    "milestones.updated_at": "returned by the API",
    "webhook_endpoints.description": "shown with the webhook",
}


def test_every_stored_column_is_read_or_listed_with_a_reason():
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.sql", "*.html", "*.txt"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [
        set(re.findall(r"\w+", (ROOT / name).read_text(encoding="utf-8")))
        for name in listed.split()
        if not WRITERS.search(name)
    ]
    unread = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if table.name not in OF_IMPORTS and not any(table.name in words and column.name in words for words in files)
    }
    assert unread == set(ONLY_RETURNED)
