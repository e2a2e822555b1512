"""The documents that are made from the code: `make docs` writes them, and tests/house fails where they have fallen behind."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from benchmarks import kept
from docs.data_contract import data_contract
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.contracts.schemas import ENVELOPE, SCHEMAS, Schema, breaks
from focusflow.metrics import METRICS, SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from focusflow.notification_kinds import KINDS
from focusflow.retention import RULES
from focusflow.settings import Settings
from pipelines.engine import lineage
from pipelines.engine.descriptions import BUILT_BY_QUERY, Table

ROOT = Path(__file__).resolve().parents[1]
MEASURED_BEGIN, MEASURED_END = "<!-- measured: made by make docs -->", "<!-- end of measured -->"


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
            "Each setting is an environment variable, or a line in a file `.env` in the directory where FocusFlow starts. A first run needs none of them. An empty value counts as unset.",
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
            "`gold/productivity_daily` has one row per user and local day. A local day follows the user's time zone at that time;",
            "it has 23, 24 or 25 hours, and a later change of time zone does not change it.",
            "",
            "| column | name | unit | better | meaning |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"## The productivity score `{SCORE_VERSION}`",
            "",
            "The score compares a day with the user's own usual and plan. It uses outcomes only, never how much was planned or generated. Components",
            "that do not apply are left out, and the other weights grow in proportion. Doing more never lowers it. It is not for comparing users.",
            "",
            "| component | weight | value, 0 to 1 |",
            "|---|---|---|",
            *parts,
            "",
            "- **raw** = the weighted mean of the components that apply.",
            (
                "- **n**, the evidence = tasks due + habits due + open tasks at the start, up to 5 + 1 if a focus target is set + dated goals;"
                " at least 1, all fixed before the day. **λ** = n / (n + 5)."
            ),
            "- **score** = 100 · (λ · raw + (1 − λ) · prior), where prior is the user's own mean score of the last 28 days, divided by 100; .50 at first.",
            (
                "- **b**, the usual completions = max(1, (n · m + 4 · p) / (n + 4)): m is the user's median on workdays, or on days of the"
                f" weekend, over the last n ≤ 8 weeks; p is {usual}, the same for all users, so that no score depends on other users."
            ),
            "- A day off, a day without any event of the user, and a day with nothing to judge by have no score. Empty is not zero.",
            "",
            (
                "Example: 5 done with b = 4; 3 of 4 due on time with p0 = .70; 95 of 120 minutes; 2 of 3 habits with h0 = .6; no dated goal;"
                " 5 open; prior 58. The score is 64.44."
            ),
            "",
            "# The other tables",
            "",
            "A usual range is an interval for the next week or month, computed from up to 26 earlier complete ones of the same user. On the scale of",
            "square roots, its center is their mean, moved toward the last one by their autocorrelation; its width is Student's t for 83 % and the",
            "variation that is left, and grows for short histories. For counts it holds the whole numbers in between. With fewer than six periods",
            "there is no usual range. Values inside the range are not commented on.",
            "",
            "On generated series, 78 to 84 % of next periods lay inside, for each of thirteen kinds (counts of mean 3 to 20, scores, minutes, a",
            "variance of 3 to 6 times the mean, autocorrelation of .3 to .8) and each length from 6 to 26 periods. Stationary series were called",
            "higher or lower in 16 to 19 % of periods. `python -m benchmarks.usual_ranges` measures it. Reports and Insights say how many of a user's",
            "own earlier weeks lay inside.",
            "",
            "Coverage on real data, using earlier weeks only: 82.4 % of 12,525 weeks of 247 users with time logs from work",
            "(10.2 % above, 7.5 % below), and 85.6 % of 3,228 weeks of 23 users of a software company (9.5 % above, 4.8 % below).",
            "`python -m benchmarks.real_histories NAME FOLDER --usual` measures it.",
            "",
            "The date on which a goal is reached is forecast from a line through up to twelve earlier weeks (`gold/goal_progress`). Of 10,362 generated",
            "goals, 81.5 % were reached between p10 and p90 (7.3 % before, 11.2 % after): autocorrelated progress 80 %, accelerating 80 %, a rush",
            "at the end 83 %, bursts 81 %, a few steps 81 %, drifting speed 80 %, and even progress 85 %. A rush that nobody could see coming lets",
            "14 % be reached before p10. For 0.6 % no p90 could be computed. `python -m benchmarks.goal_forecasts` measures it. Of 10,369 goals that the",
            "constants were not chosen on, 80.4 % (8.0 % before, 11.6 % after), and by kind 77 to 84 %.",
            "",
            *(line for table in sorted(BUILT_BY_QUERY, key=lambda each: each.name) for line in described(table)),
        ]
    )


def described(table: Table) -> list[str]:
    """A table, and what its columns mean."""
    grain = ", ".join(f"`{name}`" for name in table.grain)
    rows = [f"| `{each.name}` | {each.type} | {each.unit} | {each.meaning} |" for each in table.own_columns]
    return [
        f"## `gold/{table.name}`",
        "",
        f"{table.description} Key: {grain}.",
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
            "| route | description | API key scope |",
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

The API is served at `http://localhost:8000`. The OpenAPI 3.1 description with schemas and examples is at `GET /openapi.json`, and in
[openapi.json](openapi.json).

## Five-minute start

```sh
# create an account and sign in; the token is valid for ten minutes (renew it with POST /api/v1/auth/refresh)
curl -s localhost:8000/api/v1/auth/register -H 'content-type: application/json' \\
  -d '{"email": "ada@example.com", "password": "a long sentence", "display_name": "Ada", "timezone": "Europe/Berlin"}'
TOKEN=$(curl -s localhost:8000/api/v1/auth/login -H 'content-type: application/json' \\
  -d '{"email": "ada@example.com", "password": "a long sentence"}' | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')

# create an API key for a program: its scopes limit what it may do; it is shown only once
curl -s localhost:8000/api/v1/keys -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"name": "Phone widget", "scopes": ["tasks:write", "scores:read"]}'

# use the key: add a task, and get what to do next
curl -s localhost:8000/api/v1/tasks -H "x-api-key: $KEY" -H 'content-type: application/json' -H 'idempotency-key: 1' \\
  -d '{"title": "Write the report", "due_date": "2026-12-01", "priority": "high"}'
curl -s localhost:8000/api/v1/scores?limit=5 -H "x-api-key: $KEY"
```

## Conventions

| | |
|---|---|
| errors | `application/problem+json` (RFC 9457): a stable `type`, a sentence in `detail`, the invalid fields in `errors` |
| input | JSON; unknown fields and query parameters are rejected; bodies up to 64 KiB, events up to 1 MiB |
| time | timestamps have an offset, answers are in UTC; dates are `2026-11-20`; a day follows the time zone of your account |
| recurrence | one RFC 5545 rule of days, weeks, months or years, of at most 500 characters (460 for a task), evaluated in your local time; `UNTIL` is a UTC timestamp, a local time, or a whole day, which is included. `BYHOUR`, `BYMINUTE`, `BYSECOND`, extensions such as `BYEASTER`, and rules without any occurrence are rejected |
| exceptions of a series | `exdates` are the starts of occurrences that are left out, `rdates` those of further ones, each as long as the first, and `extra_rrules` are up to four rules beside `rrule` (RFC 5545 `EXDATE`, `RDATE` and several `RRULE`). A time in `exdates` at which the appointment would not take place is refused, also when a change of its start would leave one behind. A time stays left out when you move to another time zone. Imports, exports, connected calendars, free time, conflicts and meeting minutes know them too. In an iCalendar file, a series with moved occurrences, periods, `EXRULE`, or times of another zone becomes single appointments, up to a year ahead |
| pagination | `limit`, and the `cursor` that the previous page returned |
| idempotency | a POST with your own `Idempotency-Key` can be repeated for a day: the same key and request return the same answer. A different request with the same key is rejected (422), and so is the same one while its plan or report is still being built (409) |
| without idempotency key | routes under `/auth`, except `logout`, and the unsubscribe link: repeating a registration creates no second account, a second sign-in is one more session, a second email is one more email, and a used password or link is rejected |
| concurrent changes | answers have an `ETag`; send it as `If-Match`, and a change of a newer version is rejected (412); several values or `*` are allowed |
| caching | scores and analytics accept `If-None-Match` and answer 304 |
| other users' data | answers 404 |
| unavailable | 503 with `Retry-After`, within three seconds: `/problems/unavailable` if the database does not answer, `/problems/storage-full` if a disk is full |
| rate limit | 429 has `Retry-After`; a user has 6,000 requests per minute (`FOCUSFLOW_REQUESTS_PER_MINUTE`). Four requests of a caller run at a time, further ones wait; a caller who takes much more than the others gets one at a time, and then has to wait |

## Tracking events from apps

`POST /api/v1/events` takes one event or up to a thousand as `events`; valid ones are stored even if others are not, and the answer
lists the rejected ones by index. With your own `id` an event counts once, however often you send it. Segment's libraries work after you
change their host; their write key is an API key with `events:write`.

```python
import segment.analytics as analytics

analytics.write_key, analytics.host = "ff_…", "http://localhost:8000"
analytics.track("me", "Report Opened", {"week": 47})
```

The API key decides whose events they are; user ids that a library sends are stored as properties.

## All routes"""


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
    return ["| field | type | required | meaning |", "|---|---|---|---|", *rows, ""]


def kind(field: Schema) -> str:
    """What a field may hold, in a few words.

    >>> kind({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]})
    'uuid or null'
    """
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field["type"] == "array":
        return f"list of {kind(field['items'])}"
    return "null" if field["type"] == "null" else str(field.get("format", field["type"]))


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

Every change is an event: a [CloudEvents 1.0](https://cloudevents.io) envelope in JSON around the complete entity after the change. The
outbox, the topic `focusflow.events` and the lake's `raw/events` hold events in exactly this form. `GET /api/v1/schemas` serves the same as
JSON Schema.

- **Order**: `entityversion` orders the events of one entity, and `log_offset` those of a bucket of users. Time of arrival never does.
- **Deduplication**: `id` identifies an event. A reader skips an id that it has read before.
- **Compatibility**: within a major version, only optional fields and new event types are added. A removed field, a new required field or a
  changed meaning needs a new major version with its own name. Readers ignore unknown fields.
- **Personal text** stays in Postgres and raw; no other table of the lake holds it.
- **Quarantine**: an event that cannot be parsed, lacks a required field or has an unknown major version is quarantined with its log offset,
  the reason and its bytes: `focusflow quarantine` ([operations](operations.md)).

## `focusflow:event:1`, the envelope"""


def notifications() -> str:
    """A table of the kinds of notifications."""
    channels = {"email": "email", "in_app": "app"}
    rows = [
        f"| `{kind.name}` | {kind.label} | {kind.description} | {', '.join(channels[each] for each in kind.default_channels)} |"
        f" {'wait' if kind.waits_for_quiet_hours else 'go out'} | {kind.email_useful_hours} h |"
        for kind in KINDS.values()
    ]
    return "\n".join(
        [
            "# Notifications",
            "",
            "Each kind is a file in `focusflow/notification_kinds`. [How to add one](how-to/add-a-notification.md).",
            "",
            "| kind | name | what it tells | channels unless chosen | emails in quiet hours | an email is of use for |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def retention() -> str:
    """A table of what is kept how long."""
    rows = []
    for rule in RULES:
        field = Settings.model_fields[rule.setting] if rule.setting else None
        kept = f"{default(field)} {rule.unit}" if field else rule.always
        name = f"`{variable(rule.setting or '', field)}`" if field else ""
        rows.append(f"| {rule.data} | {kept} | {name} | {rule.only_if} |")
    return "\n".join(
        [
            "# Retention",
            "",
            "What is kept how long. Each night Dagster's asset `privacy/retention` (or `focusflow maintain`) deletes what is older, and shows how much",
            "that was. The job `prune_history` deletes Dagster's own runs and events each hour, and the lander deletes links, counts and uploads each",
            "hour. Settings, **Your data**, shows users what this installation keeps of them.",
            "",
            "| data | kept for | setting | deleted only if |",
            "|---|---|---|---|",
            *rows,
            "",
            "- `0` keeps data forever, where a setting says so.",
            "- Raw stores its retention low watermark, so `verify` still adds up. To be able to rebuild silver from the first day, keep raw forever:",
            "  `FOCUSFLOW_RAW_DAYS=0`. Activity in silver is then kept forever, too.",
            "- Backups keep what they hold until they are deleted. Kafka keeps events for `FOCUSFLOW_KAFKA_RETENTION_HOURS`.",
            "- Users who want to be forgotten sooner [erase](security.md#erasure) their account.",
            "",
        ]
    )


def performance() -> str:
    """The document as it is, with the table of the figures that were kept."""
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(MEASURED_BEGIN)
    _, _, after = rest.partition(MEASURED_END)
    return f"{before}{MEASURED_BEGIN}\n{kept.table()}\n{MEASURED_END}{after}"


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/settings.md": settings,
    "docs/metrics.md": metrics,
    "docs/openapi.json": interface,
    "pipelines/engine/lineage.json": lineage.written,
    "pipelines/engine/lineage_conditions.json": lineage.conditions_written,
    "docs/api.md": calls,
    "docs/notifications.md": notifications,
    "docs/retention.md": retention,
    "docs/performance.md": performance,
    "docs/events.md": events,
    "docs/data-contract.yaml": data_contract,
    ".env.example": example_environment,
} | {schema_path(name): partial(schema_file, name) for name in SCHEMAS}


def main() -> None:
    """Write every document anew."""
    for path, render in DOCUMENTS.items():
        (ROOT / path).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
