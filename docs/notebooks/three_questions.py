"""Three questions about gold, answered in a marimo notebook: `uvx --with duckdb --with polars --with pyarrow marimo edit docs/notebooks/three_questions.py`.

As a script it prints the answers: `python docs/notebooks/three_questions.py`. It reads `catalog.duckdb` under FOCUSFLOW_HOME.
"""

import marimo

app = marimo.App(width="medium", app_title="Three questions about gold")


@app.cell
def _():
    import os
    from pathlib import Path

    import duckdb
    import marimo as mo

    home = Path(os.environ.get("FOCUSFLOW_HOME") or Path.home() / ".focusflow")
    catalog = duckdb.connect(
        str(home / "catalog.duckdb"), read_only=True
    )  # a refresh replaces the file; this state stays
    return catalog, mo


@app.cell
def _(mo):
    mo.md(
        "## Is more completed on days with more focus time?\n\nEach user's days, from the calmest quarter to the most focused one."
    )
    return


@app.cell
def _(catalog):
    focus = catalog.sql("""
        select quarter, round(avg(focus_minutes)) as focus_minutes, round(avg(tasks_completed), 2) as tasks_completed, count(*) as days
        from (
            select focus_minutes, tasks_completed,
                   ntile(4) over (partition by user_id order by focus_minutes, local_date) as quarter
            from gold.productivity_daily where not is_day_off
        )
        group by quarter order by quarter
    """).pl()
    focus
    return (focus,)


@app.cell
def _(mo):
    mo.md("## How long do habits hold?\n\nThe share of habits whose longest streak reached so many days.")
    return


@app.cell
def _(catalog):
    habits = catalog.sql("""
        select days, count(*) as habits, round(avg((longest >= days)::integer), 2) as share
        from gold.habit_streaks, unnest([7, 30, 66]) as milestone (days)
        group by days order by days
    """).pl()
    habits
    return (habits,)


@app.cell
def _(mo):
    mo.md(
        "## How far off are estimates?\n\nActual over estimated minutes of completed tasks: the middle one, and eight of ten."
    )
    return


@app.cell
def _(catalog):
    estimates = catalog.sql("""
        select priority, count(*) as tasks, round(median(actual_minutes / estimated_minutes), 2) as median_factor,
               round(quantile_cont(actual_minutes / estimated_minutes, 0.1), 2) as low,
               round(quantile_cont(actual_minutes / estimated_minutes, 0.9), 2) as high
        from gold.task_outcomes where completed_at is not null and estimated_minutes > 0 and actual_minutes > 0
        group by priority order by median_factor desc
    """).pl()
    estimates
    return (estimates,)


@app.cell
def _(estimates, focus, habits, mo):
    if mo.app_meta().mode == "script":
        for answer in (focus, habits, estimates):
            print(answer.write_csv())
    return


if __name__ == "__main__":
    app.run()
