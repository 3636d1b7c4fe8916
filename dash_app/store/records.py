"""All tables of the running application, behind one name."""

from __future__ import annotations

from flask import current_app

from dash_app.store.assessments import AssessmentTable
from dash_app.store.engine import Store
from dash_app.store.recorder import Recorder
from dash_app.store.sessions import SessionTable


class Records:
    """What services read and write.

    Attributes
    ----------
    assessments, sessions : reads (and the sessions' own writes)
    recorder : writes that an answer waits for
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.assessments = AssessmentTable(store)
        self.sessions = SessionTable(store)
        self.recorder = Recorder(store)


def records() -> Records:
    """The records of the running application."""
    return current_app.extensions["pad_records"]
