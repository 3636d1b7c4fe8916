"""What the page shows of a file, what its address asks for, and the ids of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Literal, cast, get_args

from dash_app.charts import waterfall
from dash_app.services.assessments import Opened
from dash_app.services.clients import QUEUES, SORTS, Identity, Place, Queue, Sort
from dash_app.services.portfolio import Position
from dash_app.ui import features
from model import dictionary, locale, reasons

View = Literal["waterfall", "features", "table"]
VIEWS: Final[tuple[View, ...]] = get_args(View)


class Ids:
    FILE = "client-file"
    """Store: number of the file."""
    ASKED = "client-asked"
    """Store: the same with what the address asks for, as the browser knows it."""
    BODY = "client-body"
    VIEW = "client-view"
    FEATURE = "client-feature"
    POSITION = "client-position"

    @staticmethod
    def view(name: str) -> str:
        """Panel of one form of the calculation."""
        return f"client-view-{name}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the form of the calculation, the feature of the position, and the list that
    one came from."""

    client_id: int
    view: View = "waterfall"
    feature: str | None = None
    queue: Queue = "all"
    sort: Sort = "oldest"

    @classmethod
    def read(cls, values: Mapping[str, object]) -> Asked | None:
        """Read a store of the browser; ``None`` when it names no file."""
        number, view, feature = (values.get(name) for name in ("client_id", "view", "feature"))
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        queue, sort = values.get("queue"), values.get("sort")
        return cls(
            number,
            cast(View, view) if view in VIEWS else "waterfall",
            feature if isinstance(feature, str) and 0 < len(feature) <= 200 else None,
            cast(Queue, queue) if queue in QUEUES else "all",
            cast(Sort, sort) if sort in SORTS else "oldest",
        )


@dataclass(frozen=True)
class File:
    """What the page shows.

    Attributes
    ----------
    opened : the recorded assessment, the case, what is in force
    identity : facts of the strip
    place : rank and neighbours in the list, ``None`` when the file is in none
    position : this file in the bins of the chosen feature
    refused : feature of the address that the model does not have
    features : names that the position chart accepts
    read : raw columns that the model reads
    asked : form and feature of the address
    now : when the page was drawn
    role : of the reader
    """

    opened: Opened
    identity: Identity
    place: Place | None
    position: Position
    refused: str | None
    features: Sequence[str]
    read: frozenset[str]
    asked: Asked
    now: datetime
    role: str

    @property
    def currency(self) -> str:
        return self.opened.serving.currency

    @cached_property
    def bounds(self) -> tuple[float, float, float]:
        """Probabilities at which something changes: ends of the review zone, cut-off."""
        low, high = self.opened.serving.policy.zone()
        return low, self.opened.assessment.cut_off, high

    @cached_property
    def digits(self) -> int:
        """Decimals of per cent figures: two where one could seem to contradict the opinion."""
        return locale.probability_digits(self.opened.assessment.default_probability, self.bounds)

    def entry(self, feature: str | None) -> str | None:
        """Population entry of a reason's feature; ``None`` for one that the model does not hold."""
        if feature is None:
            return None
        population = self.opened.serving.bundle.population
        name = population.groups.get(feature, feature)
        return name if name in population.entries else None

    def by_code(self, language: str) -> waterfall.WaterfallData:
        """The calculation by reason code."""
        given = self.opened.assessment
        values = {
            r.code: reasons.value_shown(r, language, self.currency)
            for r in (*given.reasons, *given.strengths)
        }
        summands = [
            waterfall.Part(code, reasons.label(code, language), effect, values.get(code, ""))
            for code, effect in given.codes.items()
        ]
        return self._waterfall(summands, "code")

    def by_feature(self, language: str) -> waterfall.WaterfallData:
        """The calculation by feature."""
        given, bundle = self.opened.assessment, self.opened.serving.bundle
        labels = features.labels(bundle.features, language)
        summands = [
            waterfall.Part(name, label, effect)
            for name, label, effect in zip(bundle.features, labels, given.contributions.tolist(), strict=True)
        ]
        data = self._waterfall(summands, "feature")
        row = bundle.index
        return data.with_values(
            lambda name: dictionary.shown(name, float(given.values[row[name]]), language, self.currency)
        )

    def _waterfall(self, summands: Sequence[waterfall.Part], kind: str) -> waterfall.WaterfallData:
        given = self.opened.assessment
        return waterfall.data(
            summands,
            base=given.base_probability,
            default_probability=given.default_probability,
            cut_off=given.cut_off,
            digits=self.digits,
            kind=kind,
        )
