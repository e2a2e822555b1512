"""The documents that are made from the code: `make docs` writes them, and tests/house fails where they have fallen behind."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from focusflow.metrics import METRICS, SCORE_PARTS, SCORE_VERSION, USUAL_COMPLETIONS
from focusflow.settings import Settings
from pipelines.build import TABLES, Table

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
    return str(value).lower() if isinstance(value, bool) else str(value)


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
            "Each is an environment variable, or a line of a file `.env` in the folder where FocusFlow is started. None is needed for a first run.",
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
            "Usual ranges rest on up to 26 earlier whole weeks or months of the same person, by the ranks of a conformal band of 80 %; with fewer",
            "than six there is none. Most weeks are within it: neighbouring weeks of real people differ by a fifth more often than not.",
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


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/settings.md": settings,
    "docs/metrics.md": metrics,
    "docs/openapi.json": interface,
    ".env.example": example_environment,
}


def main() -> None:
    """Write every document anew."""
    for path, render in DOCUMENTS.items():
        (ROOT / path).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
