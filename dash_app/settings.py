"""Every setting of the server, in one typed class.

Values come from environment variables (prefix ``PAD_``, except ``PORT``) or from a
``.env`` file in the working folder; the environment wins. An unknown ``PAD_`` name or a
malformed value stops the start with one line. ``docs/settings.md`` is generated from
this class by ``python -m dash_app settings`` and compared by a test.
"""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dash_app.errors import SettingsError
from model.home import Home

PREFIX = "PAD_"
OTHER_NAMES = frozenset({"PAD_SAMPLE", "PAD_FULL"})
"""``PAD_`` names that belong to the tests, not to the server."""

MINIMUM_SECRET_BYTES = 32
SQLITE = "sqlite:///"


class Settings(BaseSettings):
    """What an operator may set; the description of each field is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    env: Literal["demo", "production"] = Field(
        default="demo",
        description="`demo`: loopback only, one-click fictional users, API open to loopback callers. "
        "`production`: refuses a missing secret key, offers no demonstration user, asks every API "
        "caller for a key.",
    )
    home: Path = Field(default=Path("var"), description="Folder of all that is written at run time.")
    host: str = Field(
        default="",
        description="Address to listen on. Empty: `127.0.0.1` in demo (where only a loopback address "
        "is accepted), `0.0.0.0` in production.",
    )
    port: int = Field(default=8050, validation_alias="PORT", ge=1, le=65535, description="Port to listen on.")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key that signs session cookies, 32 bytes or more. Demo makes one in "
        "`$PAD_HOME/secret.key`; production demands it.",
    )
    database_url: str = Field(
        default="",
        description="Where records are kept: `sqlite:///<path>` (four slashes before an absolute path). "
        "Empty: `$PAD_HOME/store.db`.",
    )
    surfaces: Literal["pages", "api", "both"] = Field(
        default="both", description="What this process serves: `pages`, `api` or `both`."
    )
    allowed_hosts: str = Field(
        default="",
        description="Host names that requests may carry, separated by commas. Empty: loopback names in "
        "demo; production demands at least one.",
    )
    currency: str | None = Field(
        default=None,
        description="Currency code shown beside amounts. Unset: `EUR` for the fictional portfolio, none "
        "for an archive, whose data name none.",
    )
    language: Literal["fr", "en"] = Field(
        default="fr", description="Language of a visitor whose browser asks for neither French nor English."
    )
    session_idle_minutes: int = Field(
        default=15, ge=1, le=24 * 60, description="Minutes without a request after which a session ends."
    )
    session_hours: int = Field(
        default=9, ge=1, le=24, description="Hours after which a session ends in any case."
    )
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes of gunicorn.")
    threads: int = Field(default=4, ge=1, le=64, description="Threads of each worker.")
    proxy_hops: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Trusted reverse proxies in front; 0 ignores every `X-Forwarded-` header.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log line that is written."
    )

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str) -> str:
        if value and not (value.startswith(SQLITE) and len(value) > len(SQLITE)):
            raise ValueError(f"the store is a SQLite file: {SQLITE}<path>")
        return value

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, value: str | None) -> str | None:
        if value and not (len(value) == 3 and value.isalpha() and value.isupper()):
            raise ValueError("a currency is three capital letters, such as EUR, or empty")
        return value

    @model_validator(mode="after")
    def _check_environment(self) -> Settings:
        if self.env == "demo" and not _is_loopback(self.bind_host):
            raise ValueError(
                f"PAD_HOST={self.host} is not a loopback address: demonstration users must not be "
                "reachable from the network; set PAD_ENV=production or PAD_HOST=127.0.0.1"
            )
        if self.env == "production":
            secret = self.secret_key.get_secret_value().encode()
            if len(secret) < MINIMUM_SECRET_BYTES or len(set(secret)) < 8:
                raise ValueError(
                    f"PAD_SECRET_KEY must be a random value of {MINIMUM_SECRET_BYTES} bytes or more in "
                    "production; make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
                )
            if not self.hosts:
                raise ValueError("PAD_ALLOWED_HOSTS must name the host of the site in production")
        return self

    @property
    def demo(self) -> bool:
        return self.env == "demo"

    @property
    def bind_host(self) -> str:
        """Address to listen on, with its default filled in."""
        return self.host or ("127.0.0.1" if self.env == "demo" else "0.0.0.0")

    @property
    def hosts(self) -> frozenset[str]:
        """Accepted host names, without port."""
        named = frozenset(name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip())
        if named or not self.demo:
            return named
        return frozenset({"127.0.0.1", "localhost", "[::1]"})

    @property
    def paths(self) -> Home:
        return Home(self.home.resolve())

    @property
    def store_path(self) -> Path:
        """File of the records."""
        return Path(self.database_url.removeprefix(SQLITE)) if self.database_url else self.paths.store

    @property
    def shows_pages(self) -> bool:
        return self.surfaces in ("pages", "both")

    @property
    def shows_api(self) -> bool:
        return self.surfaces in ("api", "both")

    def signing_key(self) -> bytes:
        """Key of the session cookies; in demo made once and kept, readable by its owner only."""
        given = self.secret_key.get_secret_value()
        if given:
            return given.encode()
        return _kept_secret(self.paths.root / "secret.key")


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings.

    Raises
    ------
    SettingsError : an unknown name or a value that is not acceptable; the message names it
    """
    variables = dict(os.environ if environment is None else environment)
    _refuse_unknown(variables)
    try:
        if environment is None:
            return Settings()
        values = {
            field: variables[variable_name(field)]
            for field in Settings.model_fields
            if variable_name(field) in variables
        }
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None


def variable_name(field: str) -> str:
    """Name of the environment variable of a field."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else PREFIX + field.upper()


def _refuse_unknown(variables: Mapping[str, str]) -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    given = {name for name in (*variables, *dotenv_values(".env")) if name.startswith(PREFIX)}
    for name in sorted(given - known - OTHER_NAMES):
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(f"unknown setting {name}{hint} docs/settings.md lists them all")


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    field = str(first["loc"][0])
    name = variable_name(field) if field in Settings.model_fields else field
    return f"{name}: {message}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _kept_secret(path: Path) -> bytes:
    """Read the key, or make it: written whole beside, then linked, so that one of two makers wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_urlsafe(48).encode())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    rows = [
        f"| `{variable_name(name)}` | {_shown_default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Environment variables, or lines of a `.env` file in the working folder (the environment wins).",
            "An unknown `PAD_` name or a malformed value stops the start with one line.",
            "",
            "<!-- Made by `python -m dash_app settings --output docs/settings.md`; a test compares. -->",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _shown_default(name: str) -> str:
    default = Settings.model_fields[name].default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    return f"`{default}`" if default not in ("", None) else "empty"
