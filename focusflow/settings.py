"""All settings, read once by each entry point and passed on. `docs/settings.md` is rendered from this module."""

import os
import re
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address, ip_network
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    AwareDatetime,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from focusflow import ai_models
from focusflow.errors import SetupProblem
from focusflow.identity import MAX_BUCKETS
from focusflow.key_ring import KeyFile, KeyRing, OlderKey

#: A language, and perhaps a country.
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]

Port = Annotated[int, Field(ge=1, le=65535)]

#: Words of secrets that stand in examples and tutorials. Signing with one of them would let anybody in.
EXAMPLE_WORDS = re.compile(
    r"change.?(me|this|it)|secret|example|password|placeholder|insecure|django|not.?so"
    r"|replace|dummy|sample|default|development|0123456789|1234567890|abcdefghij|qwertz?y?",
    re.IGNORECASE,
)

#: Secrets that tutorials and documentations print as if they were random.
EXAMPLE_SECRETS = frozenset(
    {
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "5f352379324c22463451387a0aec5d2f",
    }
)

#: Of 32 random characters of the smallest alphabet in use, hexadecimal, fewer than this many differ once in a hundred million.
FEWEST_CHARACTERS = 8


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
        description="The directory of the installation: database, lake, secrets and logs, unless configured elsewhere.",
    )
    database_url: SecretStr | None = Field(
        None, description="URL of an external PostgreSQL 15 or newer. If unset, the embedded server is used."
    )
    lake_url: str | None = Field(
        None,
        validation_alias=AliasChoices("FOCUSFLOW_LAKE", "lake_url"),
        description="Location of the lake: a folder, or `s3://bucket/folder` in an S3-compatible store. If unset, `lake` under the home.",
    )
    buckets: int = Field(
        8,
        ge=1,
        le=MAX_BUCKETS,
        description="Number of buckets into which users are divided. Fixed when a home is created.",
    )

    host: str = Field("127.0.0.1", description="The address on which the API and the dashboard listen.")
    dagster_host: str = Field(
        "127.0.0.1",
        description="The address on which Dagster's pages listen. Open them to others only behind a proxy with TLS.",
    )
    dagster_sign_in: bool = Field(
        True,
        description="Whether Dagster's pages and the Data Docs are for analysts and admins who signed in to the dashboard under the same host name.",
    )
    hsts_subdomains: bool = Field(
        False,
        description="Whether browsers that came by HTTPS use only HTTPS for all subdomains of the host name, too (`includeSubDomains`). Set it if each of them has HTTPS.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of proxies that tell the address of the client with `X-Forwarded-For`, separated by commas, for example `127.0.0.1, 10.0.0.0/8`. From others the header is ignored.",
    )
    outbound_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Private addresses or networks that users' calendars, webhooks and notification channels may reach, separated by commas, for example `192.168.1.10`. Without them, only public addresses.",
    )
    calendar_sync_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes between two synchronizations of a connected calendar."
    )
    google_client_id: str | None = Field(
        None,
        description="Id of this installation at Google, an OAuth client of the type web application. If set, users can connect Google Calendar.",
    )
    google_client_secret: SecretStr | None = Field(None, description="Secret of that client.")
    google_accounts_url: str = Field("https://accounts.google.com", description="Where users permit access at Google.")
    google_token_url: str = Field("https://oauth2.googleapis.com", description="Where Google gives and revokes tokens.")
    google_calendar_url: str = Field(
        "https://www.googleapis.com/calendar/v3", description="Where Google's calendars are read and written."
    )
    microsoft_client_id: str | None = Field(
        None,
        description="Id of this installation at Microsoft, an app registration. If set, users can connect calendars of Microsoft 365 and Outlook.com.",
    )
    microsoft_client_secret: SecretStr | None = Field(None, description="Secret of that app registration.")
    microsoft_login_url: str = Field(
        "https://login.microsoftonline.com/common",
        description="Where users permit access at Microsoft. The last part is the tenant: `common`, `organizations`, `consumers`, or your own.",
    )
    microsoft_graph_url: str = Field(
        "https://graph.microsoft.com/v1.0", description="Where Microsoft's calendars are read and written."
    )
    api_port: Port = Field(8000, description="Port of the API.")
    dagster_port: Port = Field(3000, description="Port of Dagster's web pages.")
    dashboard_port: Port = Field(8501, description="Port of the dashboard.")
    api_url: str | None = Field(
        None, description="URL at which the dashboard reaches the API. If unset, the host and port above."
    )
    dashboard_url: str | None = Field(
        None,
        description="Public URL of the dashboard, used in links in emails. The dashboard is served under its host name, `localhost` and IP addresses only. If unset, the host and port above.",
    )
    dagster_url: str | None = Field(
        None,
        description="Public URL of Dagster's pages, used in the dashboard's links for analysts. If unset, the host of the dashboard's own address and the port above.",
    )
    public_api_url: str | None = Field(
        None,
        description="Public URL of the API, for example `https://focusflow.example.com`. Unsubscribe links in emails use it. If unset, the URL that the dashboard uses.",
    )
    database_pool: int = Field(8, ge=1, le=100, description="Number of PostgreSQL connections of one API process.")
    requests_per_minute: int = Field(
        6000, ge=1, description="Maximum number of requests per user and minute that one API process accepts."
    )

    secret_key: SecretStr | None = Field(
        None,
        description="The key that signs access tokens, at least 32 characters. If unset, a key is generated under the home.",
    )
    older_secret_keys: dict[AwareDatetime, SecretStr] = Field(
        {},
        description='Earlier values of `FOCUSFLOW_SECRET_KEY`, each after the moment until which access tokens signed by it count: `{"2026-11-30T12:15:00Z": "..."}`. What they signed and encrypted stays valid.',
    )
    backup_key: SecretStr | None = Field(
        None,
        description="Key that encrypts backups: 32 bytes in Base64, for example from `openssl rand -base64 32`. Keep a copy apart from them: without it, none can be restored. If unset, backups are not encrypted.",
    )
    s3_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices(
            "FOCUSFLOW_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "s3_endpoint"
        ),
        description="Address of the S3-compatible store of the lake and of backups, for example `https://minio.example.org:9000`. If unset, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, or else Amazon's.",
    )
    s3_region: str = Field(
        "us-east-1",
        validation_alias=AliasChoices("FOCUSFLOW_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "s3_region"),
        description="Region of that store. If unset, `AWS_REGION` or `AWS_DEFAULT_REGION`.",
    )
    s3_access_key: str | None = Field(
        None,
        description="Access key of that store. If unset, the credentials are found as Amazon's tools find them: `AWS_ACCESS_KEY_ID`, profiles, the role of the machine.",
    )
    s3_secret_key: SecretStr | None = Field(None, description="Secret key that belongs to the access key.")
    migrate_without_backup: bool = Field(
        False,
        description="Whether an upgrade may change the schema of a database of which there is no backup of the last day.",
    )
    access_token_minutes: int = Field(10, ge=1, le=15, description="Lifetime of an access token, in minutes.")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Days after which a user must sign in again.")
    session_hours: int = Field(
        168, ge=1, le=8760, description="Hours after which a session of the dashboard ends, however much it is used."
    )
    session_idle_minutes: int = Field(
        720,
        ge=1,
        le=525_600,
        description="Minutes after which a session of the dashboard ends if its user does nothing. An open page that refreshes itself does not count.",
    )
    registration_open: bool = Field(
        True,
        description="Whether anyone who can reach the API may create an account. If emails are sent, the address is verified by email.",
    )
    verify_email: bool | None = Field(
        None,
        description="Whether users must open a link in an email before their first sign-in. If unset, required when a mail server is configured.",
    )

    require_second_factor: Literal["none", "admins", "all"] = Field(
        "none",
        description="Whose accounts must use two-factor authentication: `none`, `admins` or `all`. Who has not set it up can do nothing else after signing in, also with the provider, and their API keys are refused until then.",
    )

    oidc_issuer: str | None = Field(
        None,
        description="Issuer of an OpenID Connect provider, for example `https://id.example.com/realms/main`. If set, users can sign in with it. Its configuration is read from `<issuer>/.well-known/openid-configuration`.",
    )
    oidc_client_id: str | None = Field(None, description="Id under which the provider knows this installation.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of that client. If unset, FocusFlow is a public client with PKCE alone."
    )
    oidc_name: str = Field(
        "single sign-on", min_length=1, max_length=60, description="Name of the provider on the sign-in page."
    )
    oidc_scopes: str = Field(
        "openid email profile", description="Scopes that are requested from the provider, separated by spaces."
    )
    oidc_groups_claim: str = Field(
        "groups",
        description="Claim with the groups of a user. A dot leads into an object, as in `realm_access.roles`.",
    )
    oidc_roles: dict[str, Literal["user", "analyst", "admin"]] = Field(
        {},
        description='Role of each group, for example `{"staff": "analyst", "focusflow-admins": "admin"}`. If set, each sign-in with the provider gives the highest role of the user\'s groups, or `user`. If empty, admins give roles.',
    )
    oidc_create_accounts: bool = Field(
        False, description="Whether the first sign-in with the provider creates an account if the address has none."
    )
    oidc_trust_email: bool = Field(
        False,
        description="Whether every address from the provider counts as verified, also without the claim `email_verified`. Only for a provider whose users cannot choose their address.",
    )

    land_rows: int = Field(50_000, ge=1, description="Maximum number of events of a bucket in one commit to the lake.")
    land_age_seconds: float = Field(
        1.0, ge=0, le=60, description="Maximum time that an event waits for others before it is landed in the lake."
    )

    refresh_pause_seconds: float = Field(
        0.5,
        ge=0,
        le=3600,
        description="Pause between two refreshes while events arrive continuously; the first event after a quiet time does not wait. A longer pause saves CPU time; numbers become visible later.",
    )

    backlog_alert_seconds: int = Field(
        300,
        ge=1,
        description="If an event waits longer than this for its next stage, `focusflow verify` fails and `focusflow status` reports it.",
    )

    raw_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="Days for which the lake keeps raw events after silver has them; 0 keeps them forever. Raw events contain personal text.",
    )
    outbox_days: int = Field(
        3, ge=1, le=3650, description="Days for which the database keeps events after they are in the lake."
    )
    quarantine_days: int = Field(
        90, ge=0, le=36_500, description="Days for which events that cannot be parsed are kept; 0 keeps them forever."
    )
    compare_orders: bool = Field(
        False,
        description="Whether the order of the served model is compared with that of urgency: a coin decides for each user and day which of them is shown. `focusflow models feedback` reports the difference.",
    )
    words_days: int = Field(
        90,
        ge=31,
        le=36_500,
        description="Days for which prompts and texts of text generators, plans, notifications and shown scores are kept.",
    )
    report_days: int = Field(
        400,
        ge=0,
        le=36_500,
        description="Days for which the text of an emailed report is kept; 0 keeps it forever. The record that it was sent is always kept, so that no report is sent twice.",
    )
    dagster_history_days: int = Field(
        14,
        ge=1,
        le=3650,
        description="Days for which Dagster keeps runs and their events. What it shows as the newest of a table or check is kept.",
    )
    dagster_refresh_runs: int = Field(
        200, ge=10, le=100_000, description="Number of finished refreshes that Dagster keeps, about 3 MB each."
    )
    dagster_report_seconds: int = Field(
        60,
        ge=5,
        le=3600,
        description="How often Dagster is told which tables the refresher built. Between two reports, the builds of a table are counted together.",
    )
    lake_history_hours: int = Field(
        24,
        ge=2,
        le=8760,
        description="Hours for which replaced files of the lake are kept. Must exceed the duration of the longest refresh or report.",
    )

    kafka_bootstrap_servers: str | None = Field(
        None,
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"),
        description="Kafka brokers, for example `127.0.0.1:9092`. If set, events reach the lake through Kafka; if unset, directly from the database.",
    )
    kafka_port: Port = Field(
        9092, description="Port of the Kafka broker that `focusflow up --kafka` and `focusflow kafka` start."
    )
    kafka_topic_prefix: str = Field(
        "focusflow",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="Prefix of the topics `<prefix>.events`, `.inbox` and `.deadletter`. Each installation on a cluster needs its own.",
    )
    kafka_retention_hours: int = Field(
        168,
        ge=1,
        le=720,
        description="Hours for which Kafka keeps events: longer than the lander may be down, but not longer than an erased user's events may remain.",
    )
    kafka_security_protocol: str = Field(
        "PLAINTEXT",
        pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        description="Security protocol for Kafka. Use PLAINTEXT only for brokers on this machine or in a trusted network.",
    )
    kafka_ca_file: Path | None = Field(None, description="File with the CA certificate for the brokers.")
    kafka_sasl_mechanism: str = Field(
        "SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$", description="SASL mechanism for Kafka."
    )
    kafka_username: str | None = Field(None, description="User name for Kafka.")
    kafka_password: SecretStr | None = Field(None, description="Password for Kafka.")
    relay_rows: int = Field(
        20_000,
        ge=1,
        le=200_000,
        description="Maximum number of unacknowledged events that the relay has sent to Kafka.",
    )

    smtp_host: str | None = Field(
        None,
        description="Host name of the mail server. If unset, emails are written as `.eml` files to `mails` under the home.",
    )
    smtp_port: Port = Field(587, description="Port of the mail server: 587 with `starttls`, 465 with `tls`.")
    smtp_security: str = Field(
        "starttls",
        pattern="^(starttls|tls|none)$",
        description="Encryption of the connection to the mail server. Use `none` only for a server on this machine.",
    )
    smtp_username: str | None = Field(None, description="User name for the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password for the mail server.")
    smtp_timeout_seconds: float = Field(
        60,
        gt=0,
        le=600,
        description="Timeout for the mail server. Do not set it too low: a slow server may have accepted the email already.",
    )
    mail_from: str = Field("FocusFlow <focusflow@localhost>", description="Sender of all emails.")
    locale: Locale = Field(
        "en",
        description="Language and formats of accounts that name none, and of sign-in pages for browsers that name none that is known, like `de` or `en-US`.",
    )
    mails_per_second: float = Field(10, gt=0, le=1000, description="Maximum number of reports emailed per second.")
    mail_connections: int = Field(
        4,
        ge=1,
        le=50,
        description="Number of reports emailed at the same time. A recipient whose mail server hangs does not delay the others.",
    )

    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="API key of a service that writes insights. If this and the URL below are unset, insights are written by rule on this machine.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="URL of the service, for example `http://127.0.0.1:11434/v1` for Ollama. Any service that is compatible with OpenAI's chat completions works.",
    )
    ai_model: str = Field(
        ai_models.DEFAULT, min_length=1, max_length=60, description="Name of the model that writes insights and plans."
    )
    ai_reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        None,
        description="How much the model reasons before it answers. If unset, `none` for OpenAI; other servers receive no value.",
    )
    ai_timeout_seconds: float = Field(20, gt=0, le=300, description="Timeout of each request to the service.")
    ai_retries: int = Field(2, ge=0, le=5, description="Number of retries when the service is busy or fails.")
    ai_daily_tokens_per_person: int = Field(
        20_000, ge=0, description="Maximum number of tokens per user in 24 hours. Beyond it, texts are written by rule."
    )
    ai_daily_tokens: int = Field(
        1_000_000, ge=0, description="Maximum number of tokens for all users together in 24 hours."
    )
    ai_prices: dict[str, tuple[float, float]] = Field(
        ai_models.PRICES,
        description=f"US dollars per million input and output tokens, by model (as of {ai_models.PRICES_AS_OF:%Y-%m-%d}). A model that is not listed counts as free.",
    )

    min_group_size: int = Field(
        5,
        ge=1,
        description="Smallest group that analysts see: cohorts and feature names with fewer users are left out of product analytics.",
    )

    activity_days: int = Field(
        1095,
        ge=0,
        le=36_500,
        description="Days for which the lake keeps activity that apps track, by the month; 0 keeps it forever. Product analytics has no earlier months.",
    )
    ended_sign_in_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days for which sign-ins are kept after they expired, with device and network address. Until then the repeated use of a stolen token is noticed.",
    )
    audit_days: int = Field(
        730, ge=0, le=36_500, description="Days for which entries of the audit log are kept; 0 keeps them forever."
    )
    email_file_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days for which emails are kept that were written to files because no mail server is configured; 0 keeps them forever.",
    )
    log_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days for which lines of the logs of requests and processes are kept; 0 leaves them until a log has grown to 5 MB twice.",
    )
    erasure_grace_days: int = Field(
        7,
        ge=0,
        le=90,
        description="Days after which an account is erased that its user asked to erase. Until then the user can cancel. 0 means at once.",
    )
    erasure_wait_hours: int = Field(
        1,
        ge=0,
        le=168,
        description="Hours for which files of the lake with rows of an erased user stay for those who still read them. 0 only where nothing else runs.",
    )
    export_days: int = Field(
        7,
        ge=1,
        le=90,
        description="Days for which a user can download an export of their data; then the file is deleted.",
    )

    security_contact: str | None = Field(
        None,
        pattern=r"^(mailto:|https://|tel:)\S+$",
        description="Where to report vulnerabilities, for example `mailto:security@example.com`. The API shows it under `GET /.well-known/security.txt`; if unset, it has no such page.",
    )

    cors_origins: list[str] = Field(
        [],
        description='Exact origins of other sites whose pages may call the API from a browser, for example `["https://app.example.com"]`.',
    )
    sentry_dsn: SecretStr | None = Field(
        None,
        description="DSN of Sentry, or of a service with its protocol, to which errors are reported without personal text. It needs the extra `sentry`. If unset, none are.",
    )
    otlp_endpoint: str | None = Field(
        None,
        description="Where traces are sent by OTLP over HTTP, for example `http://localhost:4318`. It needs the extra `tracing`. If unset, there are none.",
    )
    openlineage_url: str | None = Field(
        None,
        description="Receiver of OpenLineage events, for example `http://localhost:5000` of Marquez: which table was built of which tables and columns. It needs the extra `openlineage`. If unset, none are sent.",
    )
    openlineage_api_key: SecretStr | None = Field(
        None, description="Key that the receiver of OpenLineage events asks for."
    )
    openlineage_namespace: str = Field(
        "focusflow",
        min_length=1,
        description="Namespace of jobs and tables in OpenLineage events: one for each installation.",
    )
    log_format: str = Field(
        "text",
        pattern="^(text|json)$",
        description="Format of the log: text for humans, or one JSON object per line.",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Minimum level of log messages.")

    @model_validator(mode="before")
    @classmethod
    def _without_blank_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`env_ignore_empty` handles empty variables; this one also handles spaces, and values passed as arguments."""
        return {name: value for name, value in values.items() if not (isinstance(value, str) and not value.strip())}

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return Path(os.path.abspath(home.expanduser()))

    @field_validator("trusted_proxies", "outbound_networks", mode="before")
    @classmethod
    def _separated(cls, networks: Any) -> Any:
        return [each.strip() for each in networks.split(",") if each.strip()] if isinstance(networks, str) else networks

    @field_validator("trusted_proxies", "outbound_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for each in networks:
            try:
                network = ip_network(each)
            except ValueError as error:
                raise ValueError(f"{each!r} is neither an IP address nor a network") from error
            if network.prefixlen == 0 and info.field_name == "trusted_proxies":
                raise ValueError(f"{each!r} would let every client choose the address that its attempts count for")
        return networks

    @field_validator("secret_key")
    @classmethod
    def _not_an_example(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and (len(key.get_secret_value()) < 32 or _is_example(key.get_secret_value())):
            raise ValueError(
                "must be a random text of at least 32 characters, for example from `openssl rand -base64 48`"
            )
        return key

    @field_validator("oidc_issuer")
    @classmethod
    def _encrypted(cls, issuer: str | None) -> str | None:
        url = urlsplit(issuer or "https://unset")
        if url.hostname is None or not (url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))):
            raise ValueError("must be a URL that begins with https://; http:// is for a provider on this machine only")
        return issuer

    @field_validator(
        "google_accounts_url", "google_token_url", "google_calendar_url", "microsoft_login_url", "microsoft_graph_url"
    )
    @classmethod
    def _encrypted_calendars(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.hostname is None or not (parts.scheme == "https" or is_loopback(parts.hostname)):
            raise ValueError("must be a URL that begins with https://")
        return url

    @model_validator(mode="after")
    def _known_to_provider(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_client_id is None:
            raise ValueError("FOCUSFLOW_OIDC_ISSUER needs FOCUSFLOW_OIDC_CLIENT_ID")
        return self

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
    def exports_folder(self) -> Path:
        """The exports of users' data, until they expire."""
        return self.home / "exports"

    @property
    def erasures_folder(self) -> Path:
        """The certificates of erasures. They are also the list of users that a restored backup must not bring back."""
        return self.home / "erasures"

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
    def strict_transport(self) -> bytes:
        """The header Strict-Transport-Security of answers by HTTPS."""
        return b"max-age=31536000" + (b"; includeSubDomains" if self.hsts_subdomains else b"")

    @property
    def dashboard_address(self) -> str:
        return (self.dashboard_url or f"http://{self.host}:{self.dashboard_port}").rstrip("/")

    @property
    def dagster_address(self) -> str:
        return (self.dagster_url or f"http://{reachable_host(self.dagster_host)}:{self.dagster_port}").rstrip("/")

    @property
    def must_verify_email(self) -> bool:
        return self.verify_email if self.verify_email is not None else self.smtp_host is not None

    @property
    def session_idle(self) -> timedelta:
        return timedelta(minutes=self.session_idle_minutes)

    @cached_property
    def key_file(self) -> KeyFile:
        return KeyFile(self.home)

    @property
    def keys(self) -> KeyRing:
        """The signing key, and the older ones. Ask each time: they can be rotated while a process runs."""
        if self.secret_key is None:
            return self.key_file.keys()
        older = (OlderKey(until, key.get_secret_value()) for until, key in self.older_secret_keys.items())
        return KeyRing(self.secret_key.get_secret_value(), tuple(sorted(older, key=attrgetter("until"), reverse=True)))

    @property
    def signing_key(self) -> str:
        return self.keys.signing


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


def _is_example(key: str) -> bool:
    """Whether a key is no random text: it says so, it repeats itself, or it is known.

    >>> [_is_example(key) for key in ("changeme" * 4, "my-very-secret-key-for-production!!", "a1" * 16, "0f9a6c1e47d2b8533e1d90c7aa64f825")]
    [True, True, True, False]
    """
    repeats = any(key[period:] == key[:-period] for period in range(1, len(key) // 2 + 1))
    is_known = key.lower() in EXAMPLE_SECRETS or EXAMPLE_WORDS.search(key) is not None
    return is_known or repeats or len(set(key)) < FEWEST_CHARACTERS


def is_loopback(host: str) -> bool:
    """Whether a host name of a URL means this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("127.0.0.1.example.com")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def reachable_host(host: str) -> str:
    """Where a server that listens on a host is met from here, ready to stand in a URL.

    >>> reachable_host("0.0.0.0"), reachable_host("::1")
    ('127.0.0.1', '[::1]')
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 (this is how not to)
    return f"[{host}]" if ":" in host else host
