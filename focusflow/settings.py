"""All settings, read once by each entry point and passed on. `docs/settings.md` is rendered from this module."""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from focusflow import ai_models
from focusflow.errors import SetupProblem
from focusflow.identity import MAX_BUCKETS

Port = Annotated[int, Field(ge=1, le=65535)]

#: Secrets that stand in examples and tutorials. Signing with one of them would let anybody in.
EXAMPLE_SECRETS = frozenset({"changeme", "change-me", "secret", "example", "password", "your-secret-key"})


class Settings(BaseSettings):
    """FocusFlow's settings. Each is an environment variable `FOCUSFLOW_<NAME>` or a line of `.env`. An empty value counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix="FOCUSFLOW_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    home: Path = Field(
        Path(".focusflow"),
        description="Where everything lives that is not configured elsewhere: database, lake, secrets, logs.",
    )
    database_url: SecretStr | None = Field(
        None, description="An external PostgreSQL 15 or newer. Unset, the embedded server is used."
    )
    lake_url: str | None = Field(
        None,
        validation_alias=AliasChoices("FOCUSFLOW_LAKE", "lake_url"),
        description="Where the lake lies: a folder, or a store that Delta Lake knows. Unset, `lake` under the home.",
    )
    buckets: int = Field(
        8, ge=1, le=MAX_BUCKETS, description="Into how many buckets users are spread. Fixed when a home is created."
    )

    host: str = Field("127.0.0.1", description="The address that all servers listen on.")
    api_port: Port = Field(8000, description="Port of the API.")
    dagster_port: Port = Field(3000, description="Port of Dagster's web pages.")
    dashboard_port: Port = Field(8501, description="Port of the dashboard.")
    api_url: str | None = Field(None, description="Where the dashboard finds the API. Unset, the host and port above.")
    dashboard_url: str | None = Field(
        None, description="Where people find the dashboard: links in mails lead there. Unset, the host and port above."
    )
    dagster_url: str | None = Field(
        None,
        description="Where analysts' browsers find Dagster's pages: the dashboard links there. Unset, the host by which they came to the dashboard, and the port above.",
    )
    public_api_url: str | None = Field(
        None,
        description="Under which address people's mail programs reach the API, like `https://focusflow.example.com`: unsubscribing leads there. Unset, the one that the dashboard uses.",
    )
    database_pool: int = Field(8, ge=1, le=100, description="Connections to PostgreSQL that one API process holds.")
    requests_per_minute: int = Field(
        6000, ge=1, description="At most so many requests of one person a minute are taken by one API process."
    )

    secret_key: SecretStr | None = Field(
        None, description="Signs access tokens, 32 characters or more. Unset, one is made under the home."
    )
    access_token_minutes: int = Field(10, ge=1, le=15, description="How long an access token is valid.")
    refresh_token_days: int = Field(
        30, ge=1, le=365, description="After how many days one signs in again at the latest."
    )
    registration_open: bool = Field(
        True,
        description="Whether anybody who reaches the API can make an account. The address is proven by mail if mails are sent.",
    )
    verify_email: bool | None = Field(
        None,
        description="Whether one must have opened the link in a mail before signing in. Unset, where a mail server is configured.",
    )

    land_rows: int = Field(50_000, ge=1, description="At most so many events enter the lake in one commit of a bucket.")
    land_age_seconds: float = Field(
        1.0, ge=0, le=60, description="An event waits at most so long for company before it enters the lake."
    )

    refresh_pause_seconds: float = Field(
        2,
        ge=0,
        le=3600,
        description="So long Dagster rests between two refreshes while events come. Pages are as much later, the processor has as much more time.",
    )

    backlog_alert_seconds: int = Field(
        300,
        ge=1,
        description="An event that has waited longer for its next stage makes `focusflow verify` fail, and is shown by `focusflow status`.",
    )

    raw_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="How long the lake keeps the bytes of events once silver has them, in days; 0 is for good. Personal texts lie there.",
    )
    outbox_days: int = Field(
        3, ge=1, le=3650, description="How long the database keeps events once they are in the lake, in days."
    )
    quarantine_days: int = Field(
        90, ge=0, le=36_500, description="How long events that cannot be read are kept, in days; 0 is for good."
    )
    words_days: int = Field(
        90,
        ge=31,
        le=36_500,
        description="How long what writers were asked and wrote, plans, and what people were told and shown are kept, in days.",
    )
    report_days: int = Field(
        400,
        ge=0,
        le=36_500,
        description="How long the text of a mailed report is kept, in days; 0 is for good. That it was sent is kept always, so that none goes out twice.",
    )
    lake_history_hours: int = Field(
        24,
        ge=2,
        le=8760,
        description="How long files that newer ones replaced stay: longer than the longest refresh or report takes.",
    )

    kafka_bootstrap_servers: str | None = Field(
        None,
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"),
        description="Kafka brokers, like `127.0.0.1:9092`. Set, events reach the lake through Kafka; unset, straight from the database.",
    )
    kafka_port: Port = Field(
        9092, description="Port of the Kafka that `focusflow up --kafka` and `focusflow kafka` run."
    )
    kafka_topic_prefix: str = Field(
        "focusflow",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="The topics are `<prefix>.events`, `.inbox` and `.deadletter`. Two installations on one cluster need two.",
    )
    kafka_retention_hours: int = Field(
        168,
        ge=1,
        le=720,
        description="How long Kafka keeps events: longer than the lander may stand still, and no longer than an erased person's events may last.",
    )
    kafka_security_protocol: str = Field(
        "PLAINTEXT",
        pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        description="How to speak to Kafka. PLAINTEXT is for brokers on this machine or a network that is trusted.",
    )
    kafka_ca_file: Path | None = Field(None, description="The authority that signed the brokers' certificates.")
    kafka_sasl_mechanism: str = Field(
        "SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$", description="How to sign in to Kafka."
    )
    kafka_username: str | None = Field(None, description="The account on Kafka.")
    kafka_password: SecretStr | None = Field(None, description="Its password.")
    relay_rows: int = Field(
        20_000, ge=1, le=200_000, description="At most so many events are on their way to Kafka at a time."
    )

    smtp_host: str | None = Field(
        None, description="The mail server. Unset, mails are written as `.eml` files into `mails` under the home."
    )
    smtp_port: Port = Field(587, description="Its port: 587 with `starttls`, 465 with `tls`.")
    smtp_security: str = Field(
        "starttls",
        pattern="^(starttls|tls|none)$",
        description="How to speak to it. `none` is for a server on this machine.",
    )
    smtp_username: str | None = Field(None, description="The account on it.")
    smtp_password: SecretStr | None = Field(None, description="Its password.")
    smtp_timeout_seconds: float = Field(
        60,
        gt=0,
        le=600,
        description="How long to wait for it. A server may take long to say yes, and has taken the mail then.",
    )
    mail_from: str = Field("FocusFlow <focusflow@localhost>", description="Whom mails are from.")
    mails_per_second: float = Field(10, gt=0, le=1000, description="At most so many reports are mailed a second.")
    mail_connections: int = Field(
        4,
        ge=1,
        le=50,
        description="To how many people reports are mailed at a time. One whose server hangs delays no other.",
    )

    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="The key of a service that words insights. Unset, as the address below, they are written by rule on this machine.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="Where the service is, like `http://127.0.0.1:11434/v1` for Ollama. Any that speaks OpenAI's chat completions.",
    )
    ai_model: str = Field(
        ai_models.DEFAULT, min_length=1, max_length=60, description="The model that words insights and plans."
    )
    ai_reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        None,
        description="How much the model reasons before it answers. Unset: `none` for OpenAI, and not sent to other servers.",
    )
    ai_timeout_seconds: float = Field(20, gt=0, le=300, description="How long to wait for an answer, each time.")
    ai_retries: int = Field(2, ge=0, le=5, description="How often to ask again when it is busy or fails.")
    ai_daily_tokens_per_person: int = Field(
        20_000, ge=0, description="At most so many tokens for one person in 24 hours; then the local writer writes."
    )
    ai_daily_tokens: int = Field(1_000_000, ge=0, description="The same for all people together.")
    ai_prices: dict[str, tuple[float, float]] = Field(
        ai_models.PRICES,
        description=f"US dollars for a million tokens in and out, by model (as of {ai_models.PRICES_AS_OF:%Y-%m-%d}). A model that is missing costs nothing.",
    )

    cors_origins: list[str] = Field(
        [],
        description='Pages of other hosts that may call the API from a browser, exactly, like `["https://app.example.com"]`.',
    )
    log_format: str = Field(
        "text",
        pattern="^(text|json)$",
        description="How the log is written: for people, or one JSON object a line for programs.",
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="From which level on the log speaks."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blank_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`env_ignore_empty` handles empty variables; this one also handles spaces, and values passed as arguments."""
        return {name: value for name, value in values.items() if not (isinstance(value, str) and not value.strip())}

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return Path(os.path.abspath(home.expanduser()))

    @field_validator("secret_key")
    @classmethod
    def _not_an_example(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and (len(key.get_secret_value()) < 32 or key.get_secret_value().lower() in EXAMPLE_SECRETS):
            raise ValueError("must be a random text of at least 32 characters")
        return key

    @property
    def lake_location(self) -> str:
        return self.lake_url or str(self.home / "lake")

    @property
    def models_folder(self) -> Path:
        """Where trained models are kept: in the lake, or under the home where the lake is no folder."""
        lake = Path(self.home / "lake" if "://" in self.lake_location else self.lake_location)
        return lake / "models" / "priority"

    @property
    def catalog_file(self) -> Path:
        """The lake as a DuckDB database of views, for tools."""
        return self.home / "catalog.duckdb"

    @property
    def data_docs_folder(self) -> Path:
        """Great Expectations' pages of what holds in which table."""
        return self.home / "data-docs"

    @property
    def api_address(self) -> str:
        return self.api_url or f"http://{self.host}:{self.api_port}"

    @property
    def has_ai_service(self) -> bool:
        return self.openai_api_key is not None or self.openai_base_url is not None

    @property
    def public_api_address(self) -> str:
        return (self.public_api_url or self.api_address).rstrip("/")

    @property
    def dashboard_address(self) -> str:
        return (self.dashboard_url or f"http://{self.host}:{self.dashboard_port}").rstrip("/")

    @property
    def dagster_address(self) -> str:
        return (self.dagster_url or f"http://{self.host}:{self.dagster_port}").rstrip("/")

    @property
    def must_verify_email(self) -> bool:
        return self.verify_email if self.verify_email is not None else self.smtp_host is not None

    @cached_property
    def signing_key(self) -> str:
        return self.secret_key.get_secret_value() if self.secret_key else secret_under(self.home, "signing-key")


def load_settings(**given: Any) -> Settings:
    """The settings of this process, or one sentence about the one that is wrong."""
    try:
        return Settings(**given)
    except SettingsError as error:  # a list or mapping that is not JSON
        raise SetupProblem(f"A setting is wrong: {error}. Write lists and mappings as JSON.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        name = name if name.isupper() else f"FOCUSFLOW_{name.upper()}"
        raise SetupProblem(f"The setting {name} is wrong: {first['msg'][0].lower()}{first['msg'][1:]}.") from error


def secret_under(home: Path, name: str) -> str:
    """A random secret kept in a file that only its owner can read; made by whoever asks first."""
    path = home / "secrets" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{name}.{secrets.token_hex(4)}")
        if not path.exists():
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # of two that race, the first one's secret stands
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SetupProblem(
            f"The home {home} cannot be used ({error.strerror}). Make it writable, or set FOCUSFLOW_HOME to another folder."
        ) from error


def reachable_host(host: str) -> str:
    """Where a server that listens on a host is met from here, ready to stand in a URL.

    >>> reachable_host("0.0.0.0"), reachable_host("::1")
    ('127.0.0.1', '[::1]')
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 (this is how not to)
    return f"[{host}]" if ":" in host else host
