"""Lakes that the independent implementations read."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.home import Home
from training.ingest import ingest


@pytest.fixture(scope="session")
def sample_lake(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with nothing but the lake of the real sample."""
    home = Home(tmp_path_factory.mktemp("sample"))
    ingest(sample, home)
    return home


@pytest.fixture(scope="module", params=["fictional portfolio", "real sample"])
def home(request: pytest.FixtureRequest) -> Home:
    name = "small_home" if request.param == "fictional portfolio" else "sample_lake"
    found: Home = request.getfixturevalue(name)
    return found
