"""Where everything written at run time lives: one folder, ``PAD_HOME`` (default ``var``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Paths under one root; nothing is created here."""

    root: Path

    @classmethod
    def from_environment(cls, variables: Mapping[str, str | None] = os.environ) -> Home:
        """The home that ``PAD_HOME`` names among `variables`; ``var`` when it does not."""
        return cls(Path(variables.get("PAD_HOME") or "var").resolve())

    @property
    def lake(self) -> Path:
        """Typed Parquet, one file a table, sorted by client."""
        return self.root / "lake"

    @property
    def portfolio(self) -> Path:
        """The fictional portfolio as an archive, before ingest."""
        return self.root / "portfolio"

    @property
    def features(self) -> Path:
        """One row a client: SK_ID_CURR, TARGET or null, every feature."""
        return self.root / "features.parquet"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def bundles(self) -> Path:
        return self.root / "bundles"

    @property
    def books(self) -> Path:
        return self.root / "books"

    @property
    def pointer(self) -> Path:
        """``{"bundle": <digest>, "book": <digest or null>, "at": <ISO time>}``."""
        return self.root / "current.json"

    @property
    def store(self) -> Path:
        return self.root / "store.db"

    @property
    def stamps(self) -> Path:
        """Fingerprints of what each pipeline step last read and wrote."""
        return self.root / "stamps"

    @property
    def preparation(self) -> Path:
        """What `make run` is doing, for the start page; absent when it is done."""
        return self.root / "preparation.json"
