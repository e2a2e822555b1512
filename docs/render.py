"""The documents that are made from the code: `make docs` writes them, and tests/house fails where they have fallen behind."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from focusflow.settings import Settings

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


DOCUMENTS: Mapping[str, Callable[[], str]] = {"docs/settings.md": settings, ".env.example": example_environment}


def main() -> None:
    """Write every document anew."""
    for path, render in DOCUMENTS.items():
        (ROOT / path).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
