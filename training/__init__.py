"""How a score is made: archive, Parquet, features, model, registry, bundle, client book."""
