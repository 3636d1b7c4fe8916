"""Settings: one typed class, refused when malformed, documented by itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dash_app.errors import SettingsError
from dash_app.settings import Settings, load_settings, settings_page, variable_name

ROOT = Path(__file__).resolve().parents[2]
GOOD_SECRET = "kJ8s0-Vh3x_Qm2Zt7LrN5wYbD1cGfE9u"
PRODUCTION = {"PAD_ENV": "production", "PAD_SECRET_KEY": GOOD_SECRET, "PAD_ALLOWED_HOSTS": "pad.example"}


def test_nothing_set_is_a_demonstration_on_loopback() -> None:
    settings = load_settings({})

    assert settings.demo
    assert settings.bind_host == "127.0.0.1"
    assert settings.port == 8050
    assert settings.hosts == {"127.0.0.1", "localhost", "[::1]"}
    assert settings.shows_api and settings.shows_pages


def test_the_documented_table_is_the_class() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page()


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description and field.description.endswith("."), name


def test_an_unknown_name_is_refused_and_the_nearest_proposed() -> None:
    with pytest.raises(SettingsError, match="PAD_HOTS; did you mean PAD_HOST"):
        load_settings({"PAD_HOTS": "127.0.0.1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PAD_ENV", "staging"),
        ("PAD_SURFACES", "none"),
        ("PAD_CURRENCY", "euro"),
        ("PAD_WORKERS", "0"),
        ("PAD_LANGUAGE", "de"),
        ("PAD_DATABASE_URL", "postgresql://db/pad"),
        ("PAD_DATABASE_URL", "sqlite:///"),
    ],
)
def test_a_malformed_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name if name != "PAD_ENV" else "PAD_ENV"):
        load_settings({name: value})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.com", "::"])
def test_a_demonstration_never_listens_on_the_network(host: str) -> None:
    with pytest.raises(SettingsError, match="loopback"):
        load_settings({"PAD_HOST": host})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_a_demonstration_listens_on_any_loopback_address(host: str) -> None:
    assert load_settings({"PAD_HOST": host}).bind_host == host


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "change-me"])
def test_THR27_production_refuses_a_missing_short_or_monotonous_secret(secret: str) -> None:
    with pytest.raises(SettingsError, match="PAD_SECRET_KEY"):
        load_settings({**PRODUCTION, "PAD_SECRET_KEY": secret})


def test_THR24_production_refuses_to_guess_its_host_names() -> None:
    with pytest.raises(SettingsError, match="PAD_ALLOWED_HOSTS"):
        load_settings({**PRODUCTION, "PAD_ALLOWED_HOSTS": " , "})


def test_production_listens_on_every_address_and_knows_its_hosts() -> None:
    settings = load_settings({**PRODUCTION, "PAD_ALLOWED_HOSTS": "pad.example, Other.Example"})

    assert settings.bind_host == "0.0.0.0"
    assert settings.hosts == {"pad.example", "other.example"}


def test_a_secret_never_shows_in_a_message_or_a_print() -> None:
    settings = load_settings(PRODUCTION)

    assert GOOD_SECRET not in repr(settings)
    with pytest.raises(SettingsError) as refusal:
        load_settings({**PRODUCTION, "PAD_SECRET_KEY": "tooshort-but-private"})
    assert "tooshort-but-private" not in refusal.value.detail


def test_the_demonstration_makes_its_own_key_once_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = load_settings({"PAD_HOME": str(tmp_path)}).signing_key()
    second = load_settings({"PAD_HOME": str(tmp_path)}).signing_key()

    assert first == second and len(first) >= 32
    assert stat.S_IMODE(os.stat(tmp_path / "secret.key").st_mode) == 0o600


def test_two_demonstrations_do_not_share_a_key(tmp_path: Path) -> None:
    keys = {load_settings({"PAD_HOME": str(tmp_path / name)}).signing_key() for name in ("a", "b")}

    assert len(keys) == 2


def test_the_store_is_under_home_unless_an_address_says_otherwise(tmp_path: Path) -> None:
    assert load_settings({"PAD_HOME": str(tmp_path)}).store_path == tmp_path / "store.db"
    elsewhere = load_settings({"PAD_DATABASE_URL": f"sqlite:///{tmp_path}/other.db"})
    assert elsewhere.store_path == tmp_path / "other.db"


def test_port_is_the_only_name_without_the_prefix() -> None:
    plain = {
        variable_name(name) for name in Settings.model_fields if not variable_name(name).startswith("PAD_")
    }

    assert plain == {"PORT"}
