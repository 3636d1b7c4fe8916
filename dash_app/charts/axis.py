"""The axis of a variable: its order, its unit, the words of its bins.

Home Credit counts days before the application as negative numbers; people read time passed. On
an axis those days are turned round, in years or months where they are many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from dash_app.charts.position import Bin
from dash_app.i18n import t
from model import dictionary, locale
from model.population import FeatureBins

_YEAR, _MONTH = 365.25, 365.25 / 12
_MOST_WORDS = 14
"""Letters of a category's short form."""


class Axis(NamedTuple):
    """How values of one variable stand on an axis.

    Attributes
    ----------
    name : feature, or raw column of a one-hot group
    sign : −1 where the axis runs against the data (days before the application)
    step : data units in one axis unit (365.25 when days are drawn as years)
    currency : code for amounts
    """

    name: str
    sign: int
    step: float
    currency: str

    def place(self, value: float) -> float:
        """Axis place of a value of the data."""
        return self.sign * value / self.step

    def write(self, place: float, language: str) -> str:
        """Words of an axis place."""
        if abs(place) < 1e-12 and dictionary.entry(self.name).unit in ("days", "money"):
            return "0"
        return dictionary.shown(self.name, self.sign * place * self.step, language, self.currency)


def axis_of(bins: FeatureBins, currency: str) -> Axis:
    """The axis of a variable that has an order."""
    low, high = bins.low or 0.0, bins.high or 0.0
    if dictionary.entry(bins.name).unit != "days":
        return Axis(bins.name, 1, 1.0, currency)
    reach = max(abs(low), abs(high))
    step = _YEAR if reach >= 3 * _YEAR else _MONTH if reach >= 90 else 1.0
    return Axis(bins.name, -1 if high <= 0 else 1, step, currency)


class Binned(NamedTuple):
    """Bins as a chart draws them.

    Attributes
    ----------
    bins, missing : with words and counts
    order : original index of each drawn bin
    across : words too long for an axis, or without order: drawn as rows
    """

    bins: tuple[Bin, ...]
    missing: Bin
    order: tuple[int, ...]
    across: bool

    def here(self, index: int) -> int:
        """Drawn index of an original bin index; the missing bin comes last in both."""
        return self.order.index(index) if index in self.order else len(self.order)


def binned(bins: FeatureBins, language: str, currency: str) -> Binned:
    """Bins with their words, in the order of the axis; categories by falling number of files."""
    if bins.kind == "category":
        order = sorted(range(bins.size), key=lambda i: (-bins.counts[i], bins.categories[i]))
        words = [
            (word, _shortened(word))
            for word in (dictionary.category(bins.name, bins.categories[i], language) for i in order)
        ]
    else:
        axis = axis_of(bins, currency)
        order = list(range(bins.size))[:: axis.sign]
        words = (
            _value_words(bins, axis, language) if bins.kind == "values" else _span_words(bins, axis, language)
        )
        words = words[:: axis.sign]
    missing = dictionary.entry(bins.name).missing(language)
    return Binned(
        tuple(
            Bin(label, tick, bins.counts[i], bins.known[i], bins.defaults[i])
            for (label, tick), i in zip(words, order, strict=True)
        ),
        Bin(missing, _missing_tick(missing, language), bins.counts[-1], bins.known[-1], bins.defaults[-1]),
        tuple(order),
        bins.kind == "category" or any(label != tick for label, tick in words if bins.kind == "values"),
    )


def missing_words(name: str, language: str) -> tuple[str, str]:
    """What an empty value of a variable means, and its short form for an axis."""
    words = dictionary.entry(name).missing(language)
    return words, _missing_tick(words, language)


def _missing_tick(words: str, language: str) -> str:
    return t("chart.missing", language) if words == locale.MISSING[language] else _shortened(words)


def _value_words(bins: FeatureBins, axis: Axis, language: str) -> list[tuple[str, str]]:
    shown = [dictionary.shown(bins.name, value, language, axis.currency) for value in bins.values]
    return [(words, _shortened(words)) for words in shown]


def _span_words(bins: FeatureBins, axis: Axis, language: str) -> list[tuple[str, str]]:
    """Words of the bins between the edges, in the order of the data."""
    edges = bins.edges
    spans = zip((None, *edges), (*edges, None), strict=True)
    words = []
    for low, high in spans:
        first, last = (low, high) if axis.sign > 0 else (high, low)
        words.append(
            (_span(bins.name, first, last, axis, language), _tick(bins.name, first, last, axis, language))
        )
    return words


def _span(name: str, first: float | None, last: float | None, axis: Axis, language: str) -> str:
    def shown(value: float) -> str:
        return dictionary.shown(name, value, language, axis.currency)

    if first is None and last is None:
        return t("chart.position.any", language)
    if first is None:
        return t("chart.position.below", language, value=shown(last or 0.0))
    if last is None:
        return t("chart.position.from", language, value=shown(first))
    return t("chart.position.between", language, low=shown(first), high=shown(last))


def _tick(name: str, first: float | None, last: float | None, axis: Axis, language: str) -> str:
    """Short form: «1–2 ans», «< 6 mois», «≥ 300 k€»."""
    unit = dictionary.entry(name).unit
    ends = [end for end in (first, last) if end is not None]
    if not ends:
        return ""
    scale, suffix = _short_unit(unit, ends, axis, language)
    texts = [_plain(abs(end) if axis.sign < 0 else end, scale, language) for end in ends]
    if first is None:
        return f"< {texts[0]}{suffix}"
    if last is None:
        return f"≥ {texts[0]}{suffix}"
    return f"{texts[0]}–{texts[1]}{suffix}"


def _short_unit(unit: str, ends: Sequence[float], axis: Axis, language: str) -> tuple[float, str]:
    """Divisor and suffix of short forms."""
    reach = max(abs(end) for end in ends)
    if unit == "days":
        if reach >= 2 * _YEAR:
            return _YEAR, t("chart.unit.years", language)
        return (
            (_MONTH, t("chart.unit.months", language))
            if reach >= 30
            else (1.0, t("chart.unit.days", language))
        )
    if unit == "money":
        sign = "€" if axis.currency == "EUR" else axis.currency
        return (1000.0, f"\u00a0k{sign}") if reach >= 10_000 else (1.0, f"\u00a0{sign}" if sign else "")
    if unit == "share":
        return 0.01, "\u00a0%" if language == "fr" else "%"
    return 1.0, ""


def _plain(value: float, scale: float, language: str) -> str:
    scaled = value / scale
    digits = 0 if abs(scaled) >= 20 else 1 if abs(scaled) >= 1 else 2
    return locale.number(round(scaled, digits), language)


def _shortened(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1].rstrip() + "…"


@lru_cache(maxsize=4096)
def spark_bars(bins: FeatureBins, cells: int = 24) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Equal cells for a spark: files in each, and the cells' bounds.

    Values and categories have a cell each. Between edges, files are spread evenly in their bin;
    the open bins at both ends are as wide as they are, three times their neighbour at most.
    """
    if bins.kind != "numeric" or len(bins.edges) < 2:
        return bins.counts[: bins.size], tuple(float(i) for i in range(bins.size + 1))
    edges = list(bins.edges)
    low, high = bins.low or 0.0, bins.high or 0.0
    bounds = [
        max(low, edges[0] - 3 * (edges[1] - edges[0])),
        *edges,
        min(high, edges[-1] + 3 * (edges[-1] - edges[-2])),
    ]
    if not bounds[0] < edges[0]:
        bounds[0] = edges[0] - (edges[1] - edges[0])
    if not bounds[-1] > edges[-1]:
        bounds[-1] = edges[-1] + (edges[-1] - edges[-2])
    width = (bounds[-1] - bounds[0]) / cells
    cuts = [bounds[0] + width * i for i in range(cells + 1)]
    files = []
    for left, right in pairwise(cuts):
        mass = 0.0
        for count, first, last in zip(bins.counts, bounds[:-1], bounds[1:], strict=False):
            mass += count * max(0.0, min(right, last) - max(left, first)) / (last - first)
        files.append(round(mass))
    return tuple(files), tuple(cuts)
