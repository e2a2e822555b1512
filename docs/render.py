"""The documents that are made from the code: `make docs` writes them, and tests/house fails where they have fallen behind."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from focusflow.contracts.registry import NOUNS, Noun
from focusflow.contracts.schemas import ENVELOPE, SCHEMAS, Schema, breaks
from focusflow.metrics import METRICS, SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from focusflow.settings import Settings
from pipelines.engine import lineage
from pipelines.engine.build import TABLES, Table

ROOT = Path(__file__).resolve().parents[1]


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable that sets a field: its own name in the ecosystem, or the product's."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = str(alias.choices[0])
    return str(alias or f"{Settings.model_config.get('env_prefix', '')}{name}").upper()


def default(field: FieldInfo) -> str:
    """The default as one would write it in `.env`; nothing for what is unset, worked out at start, or secret."""
    value = field.default
    if field.default_factory is not None or value is None or isinstance(value, SecretStr):
        return ""
    return json.dumps(value) if isinstance(value, bool | dict) else str(value)


def settings() -> str:
    """A table of every setting."""
    rows = [
        f"| `{variable(name, field)}` | {f'`{default(field)}`' if default(field) else ''} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Each is an environment variable, or a line of a file `.env` in the folder where FocusFlow is started. None is needed for a first run. An empty value counts as unset.",
            "",
            "| Setting | Default | Meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def example_environment() -> str:
    """A `.env` to copy: every setting with its default, none of them switched on, and no secret."""
    entries = [
        f"# {field.description}\n#{variable(name, field)}={default(field)}\n"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["# Copy this file to .env and uncomment what you change.\n", *entries])


def metrics() -> str:
    """What each number of a person's day means."""
    better = {"more": "more", "less": "less", "neither": ""}
    rows = [
        f"| `{each.name}` | {each.label} | {each.unit} | {better[each.better]} | {each.meaning} |" for each in METRICS
    ]
    parts = [f"| {part.label} | {part.weight:.0%} | {part.meaning} |" for part in SCORE_PARTS]
    usual = " and ".join(f"{number:g} on a {kind} day" for kind, number in USUAL_COMPLETIONS.items())
    return "\n".join(
        [
            "# Metrics",
            "",
            "One row a person and local day, in `gold/productivity_daily`. A day is the one on the person's own calendar at that time;",
            "it has 23, 24 or 25 hours, and moving house later changes nothing about it.",
            "",
            "| column | name | unit | better | meaning |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"## The productivity score `{SCORE_VERSION}`",
            "",
            "A day against the person's own usual and plan. It uses outcomes only, never how much was planned or asked of a machine. Parts",
            "that do not apply drop out and the other weights grow in proportion. Doing more never lowers it. It is never for comparing people.",
            "",
            "| part | weight | value, 0 to 1 |",
            "|---|---|---|",
            *parts,
            "",
            "- **raw** = the weighted mean of the parts that apply.",
            (
                "- **n**, the evidence = tasks due + habits due + open tasks at the start, up to 5 + 1 if a focus target is set + dated goals;"
                " at least 1, all fixed before the day. **λ** = n / (n + 5)."
            ),
            "- **score** = 100 · (λ · raw + (1 − λ) · prior), where prior is the person's own mean score of the last 28 days, as a share; .50 at first.",
            (
                "- **b**, the usual completions = max(1, (n · m + 4 · p) / (n + 4)): m is the person's median on workdays, or on days of the"
                f" weekend, over the last n ≤ 8 weeks; p is {usual}, the same for everybody, so that nobody's score depends on what others do."
            ),
            "- A day off, and a day without any event, has no score. Empty is not zero.",
            "",
            (
                "Example: 5 done with b = 4; 3 of 4 due on time with p0 = .70; 95 of 120 minutes; 2 of 3 habits with h0 = .6; no dated goal;"
                " 5 open; prior 58. The score is 64.44."
            ),
            "",
            "# The other tables",
            "",
            "A usual range lies between two ranks of up to 26 earlier whole weeks or months of the same person: from an eighth to seven eighths",
            "of them in their order; of counts it is the whole numbers in between. With fewer than six there is none. What is usual is the",
            "person's own, and no word is said of what lies inside: of two neighbouring weeks of a person most differ by a fifth or more.",
            "",
            "How often real weeks fall into it, from the weeks before alone: 81.5 % of 12,525 weeks of 247 people whose time at work was logged",
            "(12.7 % above, 5.7 % below), and 85.3 % of 3,228 weeks of 23 people of a software house (11.0 % above, 3.7 % below). Weeks with few",
            "completions lie inside more often, for a count has few values. `python -m benchmarks.real_histories NAME FOLDER --usual` counts it.",
            "",
            "When a goal is reached is forecast from the weeks before (`gold/goal_progress`). Of 1,957 made-up goals that went evenly, in bursts, by",
            "a few steps, or quicker or slower as time went by, 79.4 % were reached between p10 and p90 (17.2 % before, 3.4 % after), by kind 75 to",
            "88 %; of 5.9 % no p90 could be told. `python -m benchmarks.goal_forecasts` counts it.",
            "",
            *(line for table in TABLES for line in described(table)),
        ]
    )


def described(table: Table) -> list[str]:
    """A table, and what its columns mean."""
    whose = "`user_id`, " if table.is_personal else ""
    key = ", ".join(f"`{name}`" for name in (table.day, *table.key))
    rows = [f"| `{each.name}` | {each.type} | {each.unit} | {each.meaning} |" for each in table.columns]
    return [
        f"## `gold/{table.name}`",
        "",
        f"{table.description} One row is told from another by {whose}{key}.",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def interface() -> str:
    """The API as OpenAPI, as it is served."""
    from operational_api.app import create_app

    return json.dumps(create_app(Settings(), "").openapi(), indent=2, ensure_ascii=False) + "\n"


def calls() -> str:
    """A guide to the API: its conventions by hand, its calls from the description that it serves."""
    from operational_api.app import create_app

    described = create_app(Settings(), "").openapi()
    lines = [API_GUIDE]
    for tag in described["tags"]:
        lines += [
            "",
            f"### {tag['name']}",
            "",
            tag["description"],
            "",
            "| call | does | an API key needs |",
            "|---|---|---|",
        ]
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                if operation["tags"] == [tag["name"]]:
                    scope = {"sign in": "– (sign in)", None: ""}.get(
                        operation.get("x-scope"), f"`{operation.get('x-scope')}`"
                    )
                    sentence = " ".join(operation["description"].split())
                    lines.append(f"| `{method.upper()} {path}` | {sentence} | {scope} |")
    return "\n".join([*lines, ""])


API_GUIDE = """# The API

Everything below `http://localhost:8000`. The whole description, with shapes and examples, is OpenAPI 3.1: `GET /openapi.json`, kept in
[openapi.json](openapi.json). `dashboard.api_client.Client` is a typed client of it in Python.

## In five minutes

```sh
# an account, and a sign-in that lives ten minutes (refresh it with POST /api/v1/auth/refresh)
curl -s localhost:8000/api/v1/auth/register -H 'content-type: application/json' \\
  -d '{"email": "ada@example.com", "password": "a long sentence", "display_name": "Ada", "timezone": "Europe/Berlin"}'
TOKEN=$(curl -s localhost:8000/api/v1/auth/login -H 'content-type: application/json' \\
  -d '{"email": "ada@example.com", "password": "a long sentence"}' | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')

# a key for a program: it may do what its scopes name, and is shown this once
curl -s localhost:8000/api/v1/keys -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"name": "Phone widget", "scopes": ["tasks:write", "scores:read"]}'

# with the key: add a task, ask what to do next
curl -s localhost:8000/api/v1/tasks -H "x-api-key: $KEY" -H 'content-type: application/json' -H 'idempotency-key: 1' \\
  -d '{"title": "Write the report", "due_date": "2026-12-01", "priority": "high"}'
curl -s localhost:8000/api/v1/scores?limit=5 -H "x-api-key: $KEY"
```

## What holds everywhere

| | |
|---|---|
| problems | `application/problem+json` (RFC 9457): a stable `type`, a sentence in `detail`, the fields at fault in `errors` |
| input | JSON; unknown fields and query parameters are refused; bodies up to 64 KiB, events up to 1 MiB |
| time | moments in and out as UTC with an offset, days as `2026-11-20`; your days are those of your account's time zone |
| recurrence | one RFC 5545 rule of days, weeks, months or years, of at most 500 characters (460 for a task), followed on your wall clock; `UNTIL` is a moment in UTC, a time on your clock, or a whole day that is included. `BYHOUR`, `BYMINUTE`, `BYSECOND` and extensions such as `BYEASTER` are refused, and so is a rule that never takes place |
| lists | bounded, with `limit` and a `cursor` that the page before gave |
| doing it once | a POST with an `Idempotency-Key` of your own can be sent again for a day: same key and request, same answer; another request under it is refused (422), and while a plan or report is still being made, the same one too (409) |
| without a key | what stands under `/auth`, but `logout`, and the link that ends mails: a second registration makes no second account, a second sign-in is one more in the list, a second mail is one more mail, and a password or link that has been used is refused |
| changing what you saw | answers carry an `ETag`; sent back as `If-Match`, a change of something that has moved on is refused (412); several may be sent, or `*` for whatever there is |
| not sending it twice | scores and analytics take `If-None-Match` and answer 304 |
| what is not yours | is not there (404) |
| away or full | 503 with `Retry-After`, within three seconds: `/problems/unavailable` where the database does not answer, `/problems/storage-full` where a disk has no room |
| too much | 429 carries `Retry-After`; a user has 6,000 requests a minute (`FOCUSFLOW_REQUESTS_PER_MINUTE`); a request that needs much processor time counts as several, and of one caller four are carried out at a time, the others wait |

## Tracking events from apps

`POST /api/v1/events` takes one event or up to a thousand as `events`; good ones are stored even if others are not, and the answer names
those by their place. With an `id` of your own an event counts once, however often it is sent. Libraries of Segment work by changing their
host: their write key is an API key with `events:write`.

```python
import segment.analytics as analytics

analytics.write_key, analytics.host = "ff_…", "http://localhost:8000"
analytics.track("me", "Report Opened", {"week": 47})
```

A key says whose events they are; the user ids that a library sends are kept as properties.

## All calls"""


def events() -> str:
    """What the log of events holds."""
    return "\n".join(
        [EVENTS_GUIDE, "", *fields(SCHEMAS[ENVELOPE]), *(line for noun in NOUNS for line in contract(noun))]
    )


def contract(noun: Noun) -> list[str]:
    """A kind of data, and the events that carry it."""
    schema = SCHEMAS[noun.schema]
    types = ", ".join(f"`{name}`" for name in noun.types)
    kept = f"[schema]({schema_path(noun.schema).removeprefix('docs/')})"
    return [f"## `{noun.schema}`", "", f"{schema['description']} {kept}. Carried by {types}.", "", *fields(schema)]


def fields(schema: Schema) -> list[str]:
    """A table of what a schema holds."""
    rows = []
    for name, field in schema["properties"].items():
        meaning = [field.get("description", "")] + (["Personal."] if name in schema.get("x-personal", []) else [])
        always = "yes" if name in schema["required"] else ""
        rows.append(f"| `{name}` | {kind(field)} | {always} | {' '.join(filter(None, meaning))} |")
    return ["| field | type | needed | meaning |", "|---|---|---|---|", *rows, ""]


def kind(field: Schema) -> str:
    """What a field may hold, in a few words.

    >>> kind({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]})
    'uuid or nothing'
    """
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field["type"] == "array":
        return f"list of {kind(field['items'])}"
    return "nothing" if field["type"] == "null" else str(field.get("format", field["type"]))


def schema_path(name: str) -> str:
    """Where a schema is kept: what was promised, and is only added to."""
    _, noun, major = name.split(":")
    return f"docs/schemas/{noun}-{major}.json"


def schema_file(name: str) -> str:
    """A schema as it is served. One that breaks what is kept of it is not written: such a change is a new major version."""
    kept = ROOT / schema_path(name)
    broken = list(breaks(json.loads(kept.read_text(encoding="utf-8")), SCHEMAS[name])) if kept.exists() else []
    if broken:
        raise SystemExit(f"{name} breaks what was promised: {'; '.join(broken)}. Give its noun a new major version.")
    return json.dumps(SCHEMAS[name], indent=2) + "\n"


EVENTS_GUIDE = """# Events

Everything that happens is an event: a [CloudEvents 1.0](https://cloudevents.io) envelope in JSON around the entity as it is after the
change, whole. Events lie in the outbox, in the topic `focusflow.events` and in the lake's `raw/events` exactly as they are described here.
`GET /api/v1/schemas` serves the same as JSON Schema.

- **Order** is told by `entityversion` within one entity, and by `log_offset` within a bucket of people; never by time of arrival.
- **Once** is told by `id`: whoever reads an id a second time passes over it.
- **Growing.** A major version only gains optional fields and further events. What is taken away, needed from now on, or means something
  else is a new major version, with a name of its own. Readers pass over fields they do not know.
- **Personal** texts stay in Postgres and raw; no other table of the lake holds them.
- **What cannot be read**, lacks a needed field or has an unknown major version is put into quarantine, with its place, reason and bytes:
  `focusflow quarantine` ([operations](operations.md)).

## `focusflow:event:1`, the envelope"""


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/settings.md": settings,
    "docs/metrics.md": metrics,
    "docs/openapi.json": interface,
    "pipelines/engine/lineage.json": lineage.written,
    "docs/api.md": calls,
    "docs/events.md": events,
    ".env.example": example_environment,
} | {schema_path(name): partial(schema_file, name) for name in SCHEMAS}


def main() -> None:
    """Write every document anew."""
    for path, render in DOCUMENTS.items():
        (ROOT / path).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
