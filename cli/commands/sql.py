"""`focusflow sql`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@click.command("sql")
@click.argument("query", required=False)
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--json", "form", flag_value="json", help="Print JSON lines.")
@click.option("--tables", is_flag=True, help="List tables and columns.")
def command(query: str | None, form: str | None, *, tables: bool) -> None:
    """Query the lake with DuckDB SQL: `gold.productivity_daily`, `silver.task_history` and all other tables.

    Without QUERY, SQL is read from standard input.

    Example: focusflow sql "select local_date, tasks_completed from gold.productivity_daily limit 5"
    """
    from focusflow.database.installation import make_home
    from focusflow.errors import NotFound
    from focusflow.lake.tables import Lake, duckdb_connection
    from focusflow.settings import load_settings
    from pipelines.engine import catalog

    settings = load_settings()
    connection = duckdb_connection(temp_directory=str(settings.home / "tmp"))
    make_home(settings.home)
    if not catalog.create_views(Lake.of(settings), connection):
        raise NotFound("No tables yet. Run `focusflow up` or `focusflow refresh`.")
    columns = Path(__file__).with_name("columns.sql")
    statement = columns.read_text(encoding="utf-8") if tables else query or sys.stdin.read()
    _print(_run_query(connection, statement), form)


def _run_query(connection: "duckdb.DuckDBPyConnection", query: str) -> "pa.Table":
    import duckdb

    from focusflow.errors import Invalid

    try:
        found = connection.sql(query)
        if found is None:
            raise Invalid("The query returns no rows. Try `from gold.productivity_daily`.")
        return found.to_arrow_table()
    except duckdb.Error as error:
        raise Invalid(str(error)) from error


def _print(rows: "pa.Table", form: str | None) -> None:
    if form == "csv":
        import pyarrow.csv

        pyarrow.csv.write_csv(_inert(rows), sys.stdout.buffer)
    elif form == "json":
        import json

        for row in rows.to_pylist():
            click.echo(json.dumps(row, default=str))
    else:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        from focusflow.spreadsheet import visible

        create_views = Table()
        for field in rows.schema:
            create_views.add_column(
                Text(visible(field.name)), justify="right" if _is_number(field.type) else "left", overflow="fold"
            )
        for row in rows.to_pylist():
            create_views.add_row(*(Text("" if value is None else visible(str(value))) for value in row.values()))
        Console().print(create_views)


def _inert(rows: "pa.Table") -> "pa.Table":
    """No text of a user becomes a formula in a spreadsheet, or a command to the terminal."""
    import pyarrow as pa

    from focusflow.spreadsheet import inert, visible

    is_terminal = sys.stdout.isatty()
    for place, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = (each if each is None else inert(each) for each in rows.column(place).to_pylist())
            create_views = [visible(each) if is_terminal and each is not None else each for each in texts]
            rows = rows.set_column(place, field.name, pa.array(create_views, field.type))
    return rows


def _is_number(type_: "pa.DataType") -> bool:
    import pyarrow as pa

    return any(is_so(type_) for is_so in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))
