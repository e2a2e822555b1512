"""What a service was asked and answered: kept so that nothing is paid for twice, counted so that nobody spends without end."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.identity import new_id
from focusflow.settings import Settings
from reports.insights.writer import NotWritten, Topic

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

EVENTS = {"insights": "ai.insight_generated", "analysis": "ai.insight_generated", "plan": "ai.plan_generated"}

#: Budgets are of the last 24 hours, so that they mean the same in every zone.
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a service, and what became of it."""

    kind: str
    request_hash: str
    prompt_version: str
    model: str
    status: str = "failed"
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0
    latency_ms: int = 0
    reason: str | None = None
    output: Mapping[str, Any] | None = None

    def spending(self, tokens_in: int, tokens_out: int, prices: Mapping[str, tuple[float, float]]) -> "Call":
        return replace(
            self, tokens_in=tokens_in, tokens_out=tokens_out, cost=cost_of(self.model, tokens_in, tokens_out, prices)
        )

    def after(
        self, begun: float, status: str, *, reason: str | None = None, output: Mapping[str, Any] | None = None
    ) -> "Call":
        latency_ms = round((time.monotonic() - begun) * 1000)
        return replace(self, status=status, latency_ms=latency_ms, reason=reason and reason[:500], output=output)


def cost_of(model: str, tokens_in: int, tokens_out: int, prices: Mapping[str, tuple[float, float]]) -> float:
    """In US dollars. A model that is not in the table is taken to be your own.

    >>> cost_of("small", 2_000_000, 500_000, {"small": (0.15, 0.60)})
    0.6
    """
    price_in, price_out = prices.get(model, (0.0, 0.0))
    return (tokens_in * price_in + tokens_out * price_out) / 1_000_000


def plan_call(plan: Mapping[str, Any]) -> Call:
    """A plan that was made by rule, to be kept, so that it can be accepted."""
    made = orjson.dumps(plan)
    return Call("plan", hashlib.sha256(made).hexdigest(), "none", "local", "written", output=orjson.loads(made))


def write(tx: Transaction, id_: UUID, user_id: UUID, call: Call) -> bool:
    """Write a call down, once under one name. False if it is there."""
    row = {name: getattr(call, name) for name in Call.__slots__}
    output = None if call.output is None else Jsonb(call.output)
    return tx.run(QUERIES["record"], {**row, "id": id_, "user_id": user_id, "now": tx.now, "output": output}) == 1


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account of each user, and of all together."""

    database: Database
    settings: Settings

    def kept(self, user_id: UUID, request_hash: str) -> dict[str, Any] | None:
        """What was written for the same question, with the same prompt and model."""
        with self.database.transaction(Role.REPORTING) as tx:
            row = tx.one(QUERIES["kept"], {"user_id": user_id, "request_hash": request_hash})
        return row["output"] if row else None

    def check_budget(self, user_id: UUID) -> None:
        with self.database.transaction(Role.REPORTING) as tx:
            row = tx.one(QUERIES["spent"], {"user_id": user_id, "since": tx.now - DAY})
        assert row is not None
        if row["own"] >= self.settings.ai_daily_tokens_per_person:
            raise NotWritten("the person's budget of this day is spent")
        if row["everybody"] >= self.settings.ai_daily_tokens:
            raise NotWritten("the installation's budget of this day is spent")

    def record(self, topic: Topic, call: Call) -> UUID:
        """Write a call down, and tell of what was written."""
        with self.database.transaction(Role.REPORTING) as tx:
            id_ = new_id()
            write(tx, id_, topic.user_id, call)
            if call.status == "written" and topic.kind in EVENTS:
                written = event(
                    EVENTS[topic.kind],
                    user_id=topic.user_id,
                    timezone=topic.timezone,
                    subject=id_,
                    version=1,
                    data={name: getattr(call, name) for name in Call.__slots__},
                    recorded_at=tx.now,
                    actor="ai",
                )
                append(tx, [written])
        return id_
