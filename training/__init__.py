"""How a score is made: archive, Parquet, features, model, registry, bundle, client book."""

import os

# Read by OpenMP when LightGBM loads it. By default a thread that waits for the other one
# spins: on a machine with other work that made a fit ten times slower, and gained nothing
# on an idle one.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
