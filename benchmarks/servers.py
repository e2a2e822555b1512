"""The two servers that are compared: the API as it is, and bare routes that do the same to the same tables and nothing else."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from focusflow.identity import new_id
from focusflow.settings import load_settings
from operational_api.app import create_app

ADD_BOTH = """
    with task as (
        insert into tasks (id, user_id, created_at, updated_at, title, priority)
        values (%(id)s, %(user_id)s, clock_timestamp(), clock_timestamp(), %(title)s, 'medium') returning *
    ), event as (
        insert into outbox (event_id, user_id, bucket, value) select %(event_id)s, user_id, 0, row_to_json(task)::text from task
    ) select row_to_json(task)::text as task from task"""

LIST = """
    select json_agg(page)::text as items from (
        select id, title, description, notes, priority, status, category_id, tags, due_at, due_date, start_at, estimated_minutes,
               actual_minutes, completed_at, parent_task_id, goal_id, recurrence, blocked_by, pinned, ai_generated, created_at,
               updated_at, version
        from tasks where user_id = %(user_id)s and deleted_at is null order by created_at desc, id desc limit 100) as page"""

SCORES = """
    select json_agg(page)::text as items from (
        select task_id, title, score, rank, reasons::json, deadline_risk, importance, likelihood, due_at, due_date, status, version,
               is_baseline, model_version, as_of
        from priority_scores join tasks on tasks.id = task_id
        where priority_scores.user_id = %(user_id)s order by rank limit 100) as page"""


def ours() -> FastAPI:
    """As `focusflow api` runs it, but for the bound on requests: here one user makes them all."""
    app = create_app(load_settings(requests_per_minute=10**9), os.environ["BENCHMARK_DATABASE"])
    gc.freeze()
    return app


def bare() -> FastAPI:
    pool = ConnectionPool(os.environ["BENCHMARK_DATABASE"], min_size=1, max_size=8, open=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    def json_of(query: str, values: dict[str, Any], status: int = 200) -> Response:
        with pool.connection() as connection:
            ((text,),) = connection.execute(query, values).fetchall()
        return Response(text, status, media_type="application/json")

    @app.post("/{user_id}/tasks")
    def add(user_id: str, body: dict[str, Any]) -> Response:
        return json_of(
            ADD_BOTH, {"id": new_id(), "event_id": new_id(), "user_id": user_id, "title": body["title"]}, 201
        )

    @app.get("/{user_id}/tasks")
    def tasks(user_id: str) -> Response:
        return json_of(LIST, {"user_id": user_id})

    @app.get("/{user_id}/scores")
    def scores(user_id: str) -> Response:
        return json_of(SCORES, {"user_id": user_id})

    def copy(text: bytes) -> None:
        with (
            pool.connection() as connection,
            connection.cursor().copy("copy outbox (event_id, user_id, bucket, value) from stdin") as stream,
        ):
            stream.write(text)

    @app.post("/copied")
    async def copied(request: Request) -> Response:
        """Ready rows of COPY's text format into the outbox, without row-level security."""
        text = await request.body()
        await run_in_threadpool(copy, text)
        return Response("{}", 201, media_type="application/json")

    return app
