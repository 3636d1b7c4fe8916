"""What a feature is: one declarative definition and its two readers.

`spec` is the form, one module a table holds the content, `sql` compiles it for many
clients, `reader` reads one client in plain Python; both give the same float32 bits.
docs/features.md tells the whole story.
"""

from __future__ import annotations

from model.features.definition import (
    HISTORIES,
    SOURCES,
    Origin,
    beyond_kernel,
    feature_names,
    features,
    is_kernel,
    origin,
    text_columns,
)
from model.features.expression import ExpressionError, Row, Value
from model.features.reader import Reader
from model.features.spec import MISSING_CATEGORY, Feature, Source, SpecError, Vocabulary

__all__ = [
    "HISTORIES",
    "MISSING_CATEGORY",
    "SOURCES",
    "ExpressionError",
    "Feature",
    "Origin",
    "Reader",
    "Row",
    "Source",
    "SpecError",
    "Value",
    "Vocabulary",
    "beyond_kernel",
    "feature_names",
    "features",
    "is_kernel",
    "origin",
    "text_columns",
]
