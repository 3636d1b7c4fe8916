"""A home of its own with two registered versions, quick to make: for tests that break things."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.home import Home
from training import boosting
from training.train import Trained, train

QUICK_TREES = 25


def copied_data(source: Home, root: Path) -> Home:
    """Lake, features and vocabulary of a home, without models."""
    home = Home(root)
    shutil.copytree(source.lake, home.lake)
    shutil.copy(source.features, home.features)
    shutil.copy(source.root / "vocabulary.json", home.root / "vocabulary.json")
    return home


def train_quickly(home: Home, *, seed: int = 0) -> Trained:
    """A real training with few trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "MAXIMUM_TREES", QUICK_TREES)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return train(home, seed=seed)
