"""The registered model, as code: MLflow runs this file, so a version holds no pickle.

The bundle folder travels with the version as the artifact ``bundle``; predictions are those
of the dashboard and the API, from the same arithmetic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from model.bundle import load_bundle


class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined, misc]
    """Calibrated probability of default of rows of features."""

    def load_context(self, context: Any) -> None:
        """Verify and load the bundle."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray:  # type: ignore[override]
        """Probabilities of default, float64 (n,); null = missing."""
        rows = model_input[list(self.bundle.features)].to_numpy(dtype=np.float64).astype(np.float32)
        return self.bundle.probabilities(rows)


mlflow.models.set_model(BundleModel())
