"""What a score is: tables, features, dictionary, bundle, assessment, reasons, policy.

The ground floor: imports nothing of the other rooms, no web, no MLflow, no database.
"""
