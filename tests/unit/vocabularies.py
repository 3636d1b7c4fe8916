"""The whole archive's categories, as far as the dictionary describes them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from model import dictionary
from model.dictionary import excluded
from model.features import Vocabulary, feature_names, text_columns


@cache
def archive_vocabulary() -> Vocabulary:
    """Every described category of every text column that the features read."""
    file = Path(dictionary.__file__).with_name("dictionary.toml")
    described = tomllib.loads(file.read_text("utf-8"))["categories"]
    return {
        table: {column: tuple(sorted({*described.get(column, {}), "XNA"})) for column in columns}
        for table, columns in text_columns().items()
    }


@cache
def archive_features() -> tuple[str, ...]:
    """Names of the whole matrix."""
    return feature_names(archive_vocabulary())


@cache
def kept_features() -> tuple[str, ...]:
    """Names that no ground excludes."""
    return tuple(name for name in archive_features() if excluded(name) is None)
