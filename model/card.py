"""The model card: what the model is for, what was measured, what it cannot do.

One content for the page, Markdown and PDF, in French and English. Every figure is read from
the bundle, so that a card made again from the same bundle is the same card; the sentences
depend on the figures (better or worse, inside or outside the interval). The words are in
``card.toml``.

A text may hold ``**strong**`` and ```code``` pieces: `pieces` splits them for a renderer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from model import dictionary, locale, reasons
from model.errors import UnavailableError
from model.features import feature_names

if TYPE_CHECKING:
    from model.bundle import Bundle
    from model.policy import Policy

DRIFT, FAIRNESS, RELEASE = "drift.json", "fairness.json", "release.json"
"""Optional parts of the bundle that the card tells when they are there."""

Piece: TypeAlias = tuple[Literal["plain", "strong", "code"], str]

_FILE = Path(__file__).with_name("card.toml")
_PIECE = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")
_FILES = 1_000
_MOST_NAMED = 4
"""Costs are told for so many applications."""

_SPARSE = 0.5
_CONTRADICTED = 0.01
_TOLD_ABOVE = ("calibration or costs look wrong", "the zone of review is narrow")
"""Starts of the warnings that a sentence of the card tells in its own language."""

_CATEGORIES = {"family_status": "NAME_FAMILY_STATUS", "education": "NAME_EDUCATION_TYPE"}
_ASKED_FIRST = ("sex", "age")
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or a few; `tone` is ``unf`` where it warns."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """Sentences that stand side by side."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and what they are."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CardTable:
    """Figures already in words.

    Attributes
    ----------
    caption : one sentence that says what the table holds
    columns, rows : texts; the first of a row names it
    numeric : whether each column holds figures
    strong : index of the row that is this version's own, or ``None``
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    strong: int | None = None


Block: TypeAlias = Paragraph | Bullets | Facts | CardTable


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the card; `name` is its anchor."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card in one language."""

    language: str
    title: str
    lead: str
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section:
        """The section of that name."""
        return next(section for section in self.sections if section.name == name)


def model_card(
    bundle: Bundle, language: str, *, policy: Policy | None = None, fictional: bool = False
) -> Card:
    """The card of a bundle.

    Parameters
    ----------
    bundle : whose figures are told
    language : ``fr`` or ``en``
    policy : the one in force; by default the bundle's own
    fictional : its clients are made up, and the card says so

    Raises
    ------
    UnavailableError
        The bundle was made without evaluation figures (``no_evidence``).
    """
    if not bundle.evaluation.get("metrics"):
        raise UnavailableError(
            f"bundle {bundle.digest[:12]} holds no evaluation figures: train a new version",
            code="no_evidence",
            part="evaluation.json",
        )
    teller = _Teller(bundle, language, policy or bundle.policy, fictional)
    version = str(bundle.versions["model"])
    return Card(
        language,
        teller.say("title"),
        teller.say("lead_fictional" if fictional else "lead", version=version),
        tuple(
            Section(name, teller.say(f"section.{name}"), tuple(blocks()))
            for name, blocks in (
                ("use", teller.use),
                ("data", teller.data),
                ("method", teller.method),
                ("performance", teller.performance),
                ("policy", teller.policy_section),
                ("fairness", teller.fairness),
                ("limits", teller.limits),
                ("versions", teller.versions),
                ("contact", teller.contact),
            )
        ),
    )


def pieces(text: str) -> Iterator[Piece]:
    """Plain, strong and code pieces of a text, in order."""
    at = 0
    for found in _PIECE.finditer(text):
        if found.start() > at:
            yield "plain", text[at : found.start()]
        strong, code = found.groups()
        yield ("strong", strong) if strong is not None else ("code", code)
        at = found.end()
    if at < len(text):
        yield "plain", text[at:]


def plain(text: str) -> str:
    """A text without its marks."""
    return "".join(words for _, words in pieces(text))


def group_label(attribute: str, group: str, language: str) -> str:
    """Name of a group of the fairness tables."""
    if f"group.{group}" in _words():
        return _words()[f"group.{group}"][language]
    if attribute in _CATEGORIES:
        return dictionary.category(_CATEGORIES[attribute], group, language)
    return group


def attribute_label(attribute: str, language: str) -> str:
    """Name of what the groups of a fairness table are made by."""
    return _words()[f"attribute.{attribute}"][language]


def table_label(table: str, language: str) -> str:
    """Name of a table of the archive."""
    return _words()[f"table.{table}"][language]


def ground_label(ground: str, language: str) -> str:
    """Name of a ground on which features are left out."""
    return _words()[f"ground.{ground}"][language]


def against_noise(ece: float, noise: float) -> Literal["under", "near", "over"]:
    """A calibration error against what chance alone would show: twice that is the bar."""
    return "under" if ece <= noise else "near" if ece <= 2 * noise else "over"


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What a rule costs on the labelled clients, out of fold.

    Attributes
    ----------
    cost : per file, in refused good clients
    acceptance : share on the accept side
    """

    cost: float
    acceptance: float


def cost_at(evaluation: Mapping[str, Any], cutoff: float, *, fn: float, fp: float) -> RuleCost:
    """Cost of a cut-off from the curve of the evaluation, at the grid's nearest value."""
    curve, clients = evaluation["cut_off"], evaluation["clients"]
    i = min(range(len(curve["cut_off"])), key=lambda j: abs(curve["cut_off"][j] - cutoff))
    bad, good = curve["refused_bad"][i], curve["refused_good"][i]
    cost = fn * (evaluation["defaults"] - bad) + fp * good
    return RuleCost(cost / clients / fp, 1 - (bad + good) / clients)


def cost_of_accepting_all(evaluation: Mapping[str, Any], *, fn: float, fp: float) -> RuleCost:
    """Cost of refusing nobody."""
    return RuleCost(fn * evaluation["defaults"] / evaluation["clients"] / fp, 1.0)


class _Teller:
    """Writes the sections of one bundle in one language."""

    def __init__(self, bundle: Bundle, language: str, policy: Policy, fictional: bool) -> None:
        self.bundle, self.language, self.policy, self.fictional = bundle, language, policy, fictional
        self.evaluation = bundle.evaluation
        self.metrics = bundle.evaluation["metrics"]

    # ---------------------------------------------------------------- sections

    def use(self) -> list[Block]:
        return [Paragraph(self.say("use.purpose")), Paragraph(self.say("use.not"))]

    def data(self) -> list[Block]:
        rate = self.metrics["default_rate"]
        missing = (self._optional(DRIFT) or {}).get("missing", {})
        source = self.say(
            "data.source_fictional" if self.fictional else "data.source_real",
            tables=self._count(sum(share < 1 for share in missing.values()) or 1),
        )
        codes = {code for code in map(dictionary.code_of, self.bundle.features) if code}
        return [
            self._facts(
                "data",
                files=self.say(
                    "data.files_value",
                    clients=self._count(self.evaluation["clients"]),
                    defaults=self._count(self.evaluation["defaults"]),
                ),
                default=self.say(
                    "data.default_value",
                    rate=self._percent(rate["value"]),
                    low_high=self._percents(rate["low"], rate["high"]),
                ),
                source=source,
                features=self.say(
                    "data.features_value",
                    features=self._count(len(self.bundle.features)),
                    codes=self._count(len(codes)),
                ),
                missing=self.say("data.missing_value"),
                fingerprint=f"`{str(self.bundle.versions['data'])[:16]}`",
            ),
            self._themes(),
            self._grounds(),
        ]

    def method(self) -> list[Block]:
        calibration, policy = self.bundle.calibration, self.policy
        leaves = self.bundle.booster.params.get("num_leaves", 0)
        return [
            self._facts(
                "method",
                model=self.say(
                    "method.model_value",
                    trees=self._count(self.bundle.booster.num_trees()),
                    leaves=self._count(int(leaves)),
                    constrained=self._count(len(self._constrained())),
                ),
                validation=self.say(
                    "method.validation_value", folds=self._count(len(self.evaluation["folds"]["auc"]))
                ),
                imbalance=self.say("method.imbalance_value"),
                calibration=self.say(
                    "method.calibration_value",
                    **{name: self._number(getattr(calibration, name), 3) for name in "abc"},
                ),
                explanation=self.say(
                    "method.explanation_value", base=self._percent(self.bundle.base_probability)
                ),
                reasons=self.say(
                    "method.reasons_value",
                    most=self._count(policy.max_reasons),
                    least=locale.percent(policy.min_reason_share, self.language, digits=0),
                ),
            )
        ]

    def performance(self) -> list[Block]:
        return [
            CardTable(
                self.say("performance.caption", clients=self._count(self.evaluation["clients"])),
                tuple(self.say(f"performance.{name}") for name in ("measure", "value", "interval")),
                tuple(self._measure(name) for name in _WRITTEN if name in self.metrics),
                (False, True, True),
            ),
            Paragraph(" ".join(self._judgements())),
            *self._coverage(),
            self._expected(),
        ]

    def policy_section(self) -> list[Block]:
        policy, best = self.policy, self.metrics["optimal_cutoff"]
        low, high = policy.zone()
        parts = {
            "cutoff": self._percent(policy.cutoff),
            "fp": self._short(policy.cost_fp),
            "fn": self._short(policy.cost_fn),
        }
        theoretical = policy.cost_fp / (policy.cost_fp + policy.cost_fn)
        rule = (
            self.say("policy.cutoff_theoretical", **parts, ratio=self._short(policy.cost_fn / policy.cost_fp))
            if policy.cutoff_rule == "theoretical"
            else self.say("policy.cutoff_manual", **parts, theoretical=self._percent(theoretical))
        )
        value = policy.value
        inside = best["low"] <= policy.cutoff <= best["high"]
        return [
            self._facts(
                "policy",
                cutoff=rule,
                zone=self.say(
                    "policy.zone_value",
                    low_high=self._percents(low, high),
                    width=self._number(policy.grey_halfwidth_logit, 2),
                ),
                optimum=self.say(
                    "policy.optimum_value",
                    cutoff=self._percent(best["value"]),
                    low_high=self._percents(best["low"], best["high"]),
                ),
                money=self.say(
                    "policy.money_value",
                    lgd=locale.percent(value.lgd, self.language, digits=0),
                    margin=locale.percent(value.margin, self.language, digits=0),
                    file_cost=self._count(value.file_cost),
                ),
            ),
            Paragraph(self.say("policy.inside" if inside else "policy.outside"), "" if inside else "unf"),
            *self._review_zone(),
            *self._costs(),
            CardTable(
                self.say("policy.grades"),
                tuple(self.say(f"policy.{name}") for name in ("grade", "share", "mean_pd", "observed")),
                tuple(
                    (
                        row.grade,
                        self._percent(row.share),
                        self._known_percent(row.mean_pd),
                        self._known_percent(row.observed),
                    )
                    for row in self.bundle.grades
                ),
                (False, True, True, True),
            ),
        ]

    def fairness(self) -> list[Block]:
        tables = self._optional(FAIRNESS)
        if tables is None:
            return [Paragraph(self.say("fairness.none"), "unf")]
        attributes: Mapping[str, Sequence[Mapping[str, Any]]] = tables["attributes"]
        told = [name for name in _ASKED_FIRST if name in attributes]
        others = [name for name in attributes if name not in told]
        shown = {
            name: rows
            for name in (*told, *others)
            if len(rows := [row for row in attributes[name] if row["shown"]]) > 1
        }
        worst = {name: min(rows, key=lambda row: row["ratio"]["value"]) for name, rows in shown.items()}
        by_itself = [name for name in shown if name in told or worst[name]["flagged"]]
        age, table = self._age()
        return [
            Paragraph(self.say("fairness.blind")),
            Bullets(
                (
                    *(self._worst(name, shown[name], worst[name]) for name in by_itself),
                    *self._fine({name: row for name, row in worst.items() if name not in by_itself}),
                    *self._charged(shown),
                    *self._alternatives(),
                    age,
                    self.say("fairness.no_cutoff"),
                )
            ),
            *table,
            CardTable(
                self.say(
                    "fairness.table",
                    files=self._count(tables["fewest_files"]),
                    defaults=self._count(tables["fewest_defaults"]),
                ),
                tuple(
                    self.say(f"fairness.{name}")
                    for name in ("group", "n", "acceptance", "ratio", "gap", "observed_expected")
                ),
                tuple(
                    self._group(name, row)
                    for name in (*told, *others)
                    for row in sorted(attributes[name], key=lambda row: _GROUP_ORDER.get(row["group"], 0))
                ),
                (False, True, True, True, True, True),
            ),
        ]

    def limits(self) -> list[Block]:
        auc = self.metrics["auc"]
        items = [
            *([self.say("limits.fictional")] if self.fictional else []),
            self.say("limits.outcome"),
            self.say("limits.time"),
            self.say("limits.money"),
            self.say(
                "limits.external", share=locale.percent(self._share_of("external"), self.language, digits=0)
            ),
            self.say(
                "limits.size",
                clients=self._count(self.evaluation["clients"]),
                half=self._number((auc["high"] - auc["low"]) / 2, 3),
            ),
        ]
        sparse = self._sparse_tables()
        if sparse:
            items.append(self.say("limits.history", tables=", ".join(sparse)))
        items.append(self.say("limits.causes"))
        items += [
            self.say("limits.warning", warning=words)
            for words in self.evaluation.get("warnings", ())
            if not words.startswith(_TOLD_ABOVE)
        ]
        return [Bullets(tuple(items))]

    def versions(self) -> list[Block]:
        versions = self.bundle.versions
        libraries = versions.get("libraries") or {}
        rows = {
            "model": str(versions["model"]),
            "trained": self._moment(versions.get("trained_at")),
            "policy": self.policy.version,
            "reasons": str(versions.get("reasons", "")),
            "code": f"`{versions.get('code', '')}`",
            "data": f"`{str(versions['data'])[:32]}`",
            "bundle": f"`{self.bundle.digest[:32]}`",
            "run": f"`{versions.get('run_id', '')}`",
            "libraries": ", ".join(f"{name} {number}" for name, number in sorted(libraries.items())),
        }
        return [self._facts("versions", **{name: words for name, words in rows.items() if words.strip("`")})]

    def contact(self) -> list[Block]:
        return [
            Bullets(tuple(self.say(f"contact.{name}") for name in ("file", "model", "audit", "external")))
        ]

    # ---------------------------------------------------------------- parts of sections

    def _themes(self) -> CardTable:
        themes = self.bundle.importance["themes"]
        read: dict[str, list[str]] = {}
        for feature in self.bundle.features:
            read.setdefault(dictionary.entry(feature).theme, []).append(feature)
        constrained = set(self._constrained())
        ranked = sorted(read, key=lambda theme: -_mean(themes.get(theme)))
        return CardTable(
            self.say("data.themes"),
            tuple(self.say(f"data.{name}") for name in ("theme", "read", "constrained", "effect")),
            tuple(
                (
                    dictionary.theme_label(theme, self.language),
                    self._count(len(read[theme])),
                    self._count(len(constrained.intersection(read[theme]))),
                    locale.points(
                        100 * _mean(themes.get(theme)), self.language, signed=False, short=True, digits=2
                    ),
                )
                for theme in ranked
            ),
            (False, True, True, True),
        )

    def _grounds(self) -> CardTable:
        names = [dictionary.excluded(name) for name in feature_names(self.bundle.vocabulary)]
        return CardTable(
            self.say("data.excluded"),
            tuple(self.say(f"data.{name}") for name in ("ground", "ground_n", "why")),
            tuple(
                (
                    ground_label(ground, self.language),
                    self._count(names.count(ground)),
                    self.say(f"ground.{ground}_why"),
                )
                for ground in dictionary.GROUNDS
            ),
            (False, True, False),
        )

    def _known(self, auc: Sequence[float]) -> str:
        """A reference AUC, with its interval where one was published."""
        if len(auc) == 1:
            return self._number(auc[0], 3)
        return self._figure(dict(zip(("value", "low", "high"), auc, strict=True)), 3)

    def _measure(self, name: str) -> tuple[str, str, str]:
        written, estimate = _WRITTEN[name], self.metrics[name]
        values = {
            "rate": self._percent(self.metrics["default_rate"]["value"]),
            "noise": self._points(self.metrics["ece_noise_floor"]["value"]),
        }
        label = self.say(f"performance.{name}", **{key: values[key] for key in written.named})
        # A bootstrap of the error adds noise to noise: its floor says more than its interval.
        beside = (
            self.say("performance.noise", noise=values["noise"])
            if name == "ece"
            else self._span(estimate["low"], estimate["high"], written)
        )
        return (label, self._written(estimate["value"], written), beside)

    def _judgements(self) -> list[str]:
        metrics = self.metrics
        ece, noise = metrics["ece"]["value"], metrics["ece_noise_floor"]["value"]
        ratio = metrics["observed_expected"]
        error = (metrics["auc"]["high"] - metrics["auc"]["low"]) / (2 * _Z)
        holds = ratio["low"] <= 1 <= ratio["high"]
        return [
            self.say(
                f"performance.ece_{against_noise(ece, noise)}_noise",
                ece=self._fine_points(ece),
                noise=self._fine_points(noise),
            ),
            self.say(
                "performance.ratio_one" if holds else "performance.ratio_not_one",
                ratio=self._number(ratio["value"], 2),
                low_high=self._numbers(ratio["low"], ratio["high"], 2),
            ),
            self.say(
                "performance.error",
                error=self._number(error, 3 if error >= 0.002 else 4),
                least=self._number(2 * error, 3 if error >= 0.002 else 4),
            ),
        ]

    def _coverage(self) -> list[Block]:
        """How often the interval beside a client's probability holds."""
        found = self.evaluation.get("coverage")
        if not found:
            return []
        return [
            Paragraph(
                self.say(
                    "performance.coverage",
                    agreement=self._percent(found["agreement"]),
                    width=self._points(found["width"]),
                )
            )
        ]

    def _review_zone(self) -> list[Block]:
        """Whether models trained on other samples agree outside the zone of review."""
        zone = self.evaluation.get("review_zone")
        rows = {row["halfwidth"]: row for row in (zone or {}).get("rows", ())}
        operated = rows.get((zone or {}).get("operated"))
        if zone is None or operated is None:
            return []
        told = {
            "width": self._number(operated["halfwidth"], 2),
            "contradicted": self._percent(operated["contradicted"]),
        }
        if operated["contradicted"] < _CONTRADICTED:
            return [Paragraph(self.say("policy.zone_firm", **told))]
        wider = rows.get(zone.get("smallest"))
        remedy = (
            self.say(
                "policy.zone_wider",
                width=self._number(wider["halfwidth"], 2),
                share=locale.percent(wider["share"], self.language, digits=0),
            )
            if wider
            else self.say("policy.zone_none")
        )
        return [Paragraph(f"{self.say('policy.zone_narrow', **told)} {remedy}", "unf")]

    def _alternatives(self) -> list[str]:
        """Less discriminatory variants that the release tried, and those that ask for a choice."""
        tried = [
            row for row in (self._optional(RELEASE) or {}).get("alternatives", ()) if row["name"] != "base"
        ]
        if not tried:
            return []
        asked = [row["name"] for row in tried if row.get("ask")]
        if not asked:
            return [self.say("fairness.alternatives_none", tried=self._count(len(tried)))]
        return [
            self.say(
                "fairness.alternatives_ask",
                tried=self._count(len(tried)),
                asked=self.say("fairness.and").join(self._variants(asked)),
            )
        ]

    def _variants(self, names: Sequence[str]) -> list[str]:
        """Words for ``without R11`` and ``free R11``; with many, codes alone: a line has an end."""
        said = []
        for kind in ("without", "free"):
            codes = [name.partition(" ")[2] for name in names if name.startswith(f"{kind} ")]
            if codes:
                told = codes if len(names) > _MOST_NAMED else [self._named(code) for code in codes]
                said.append(self.say(f"fairness.{kind}", codes=", ".join(told)))
        return said

    def _named(self, code: str) -> str:
        return f"{code} ({reasons.label(code, self.language).lower()})"

    def _expected(self) -> CardTable:
        this = (
            self.say("performance.expected_this", clients=self._count(self.evaluation["clients"])),
            self._figure(self.metrics["auc"], 3),
            self.say("performance.expected_run"),
        )
        known = tuple(
            (
                row[self.language],
                self._known(row["auc"]),
                self.say(f"expected_source.{row['source']}"),
            )
            for row in _toml()["expected"]
        )
        return CardTable(
            self.say("performance.expected"),
            tuple(self.say(f"performance.expected_{name}") for name in ("data", "auc", "source")),
            (this, *known),
            (False, True, False),
            strong=0,
        )

    def _costs(self) -> list[Block]:
        policy, metrics = self.policy, self.metrics
        costs = {"fn": policy.cost_fn, "fp": policy.cost_fp}
        everyone = cost_of_accepting_all(self.evaluation, **costs)
        own = policy.cutoff == self.bundle.policy.cutoff and costs == {
            "fn": self.bundle.policy.cost_fn,
            "fp": self.bundle.policy.cost_fp,
        }
        operated = (
            RuleCost(metrics["cost_per_file"]["value"] / policy.cost_fp, metrics["acceptance_rate"]["value"])
            if own
            else cost_at(self.evaluation, policy.cutoff, **costs)
        )
        rows = [
            (self.say("policy.rule_operated", cutoff=self._percent(policy.cutoff)), operated),
            (self.say("policy.rule_half"), cost_at(self.evaluation, 0.5, **costs)),
            (self.say("policy.rule_all"), everyone),
        ]
        saved = 1 - operated.cost / everyone.cost
        words = (
            self.say("policy.saves", share=locale.percent(saved, self.language, digits=0))
            if saved > 0
            else self.say("policy.saves_nothing")
        )
        return [
            CardTable(
                self.say("policy.costs"),
                tuple(self.say(f"policy.{name}") for name in ("rule", "cost", "against", "accepted")),
                tuple(
                    (
                        name,
                        self._count(_FILES * rule.cost),
                        self._number(_FILES * (rule.cost - everyone.cost), 0, signed=True),
                        self._percent(rule.acceptance),
                    )
                    for name, rule in rows
                ),
                (False, True, True, True),
                strong=0,
            ),
            Paragraph(words, "" if saved > 0 else "unf"),
        ]

    def _worst(self, attribute: str, shown: Sequence[Mapping[str, Any]], worst: Mapping[str, Any]) -> str:
        best = max(shown, key=lambda row: row["acceptance"]["value"])
        return self.say(
            "fairness.worst_flagged" if worst["flagged"] else "fairness.worst_fine",
            attribute=attribute_label(attribute, self.language),
            worst=group_label(attribute, worst["group"], self.language),
            best=group_label(attribute, best["group"], self.language),
            acceptance=self._percent(worst["acceptance"]["value"]),
            ratio=self._figure(worst["ratio"], 2),
            mark=self._number(_FLAGGED_RATIO, 2),
        )

    def _fine(self, worst: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The attributes whose least accepted group is above the mark, in one sentence."""
        named = [
            f"{attribute_label(name, self.language).lower()} ({self._number(row['ratio']['value'], 2)})"
            for name, row in worst.items()
        ]
        if not named:
            return []
        mark = self._number(_FLAGGED_RATIO, 2)
        return [self.say("fairness.fine", attributes=", ".join(named), mark=mark)]

    def _charged(self, shown: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
        """Groups whose interval of observed over expected leaves 1 out."""
        rows = [(name, row) for name, groups in shown.items() for row in groups]
        over = [(name, row) for name, row in rows if row["observed_expected"]["high"] < 1]
        under = [(name, row) for name, row in rows if row["observed_expected"]["low"] > 1]
        words = [
            self.say(
                f"fairness.{way}",
                groups=", ".join(
                    f"{attribute_label(name, self.language).lower()}{_COLON[self.language]}"
                    f"{group_label(name, row['group'], self.language)} "
                    f"({self._number(row['observed_expected']['value'], 2)})"
                    for name, row in found
                ),
            )
            for way, found in (("over", over), ("under", under))
            if found
        ]
        return words or [self.say("fairness.neither")]

    def _age(self) -> tuple[str, list[Block]]:
        """The age question, with both variants where the release trained them on these data."""
        release = self._optional(RELEASE)
        variants = {row["variant"]: row for row in (release or {}).get("age", ())}
        if not {"excluded", "used"} <= set(variants):
            return self.say("fairness.age_missing"), []
        without, using = variants["excluded"], variants["used"]
        auc = self._moved("auc", _value(without["auc"]), _value(using["auc"]), 3)
        if abs(_value(using["auc"]) - _value(without["auc"])) < _half_width(without["auc"]):
            auc += self.say("fairness.auc_within")
        before, after = (row["ratios"].get("age") for row in (without, using))
        sentence = (
            self.say(
                "fairness.age_both", auc=auc, ratio=self._moved("ratio", _value(before), _value(after), 2)
            )
            if before is not None and after is not None
            else self.say("fairness.age_auc", auc=auc)
        )
        names = {"excluded": "excluded", "used": "used", "used+sex": "used_sex"}
        table = CardTable(
            self.say("fairness.variants"),
            (
                self.say("fairness.variant"),
                self.say("performance.expected_auc"),
                self.say("policy.cost"),
                self.say("fairness.ratio_sex"),
                self.say("fairness.ratio_age"),
            ),
            tuple(
                (
                    self.say(f"fairness.variant_{names[name]}"),
                    self._number(_value(row["auc"]), 3),
                    self._count(_FILES * _value(row["cost_per_file"]) / self.policy.cost_fp),
                    *(self._known_ratio(row["ratios"].get(name)) for name in _ASKED_FIRST),
                )
                for name, row in variants.items()
                if name in names
            ),
            (False, True, True, True, True),
            strong=0,
        )
        return sentence, [table]

    def _moved(self, what: str, before: float, after: float, digits: int) -> str:
        """A change told at the digits shown: what rounds to the same is the same."""
        told = {"before": self._number(before, digits), "after": self._number(after, digits)}
        if told["before"] == told["after"]:
            return self.say(f"fairness.{what}_same", before=told["before"])
        way = "up" if after > before or what == "auc" else "down"
        return self.say(f"fairness.{what}_{way}", **told)

    def _group(self, attribute: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        label = attribute_label(attribute, self.language)
        name = f"{label}{_COLON[self.language]}{group_label(attribute, row['group'], self.language)}"
        if not row["shown"]:
            return (f"{name}, {self.say('fairness.small')}", *["–"] * 5)
        gap = row["good_gap"]
        return (
            name,
            self._count(row["n"]),
            self._percent(row["acceptance"]["value"]),
            self._figure(row["ratio"], 2),
            locale.points(100 * gap["value"], self.language, short=True),
            self._figure(row["observed_expected"], 2),
        )

    # ---------------------------------------------------------------- figures and words

    def say(self, key: str, **values: str) -> str:
        return _words()[key][self.language].format(**values)

    def _facts(self, section: str, **values: str) -> Facts:
        return Facts(tuple((self.say(f"{section}.{name}"), words) for name, words in values.items()))

    def _constrained(self) -> list[str]:
        return [feature for feature in self.bundle.features if dictionary.direction(feature)]

    def _share_of(self, theme: str) -> float:
        themes = self.bundle.importance["themes"]
        return _mean(themes.get(theme)) / (sum(map(_mean, themes.values())) or 1.0)

    def _sparse_tables(self) -> list[str]:
        missing = (self._optional(DRIFT) or {}).get("missing", {})
        return [
            self.say(
                "limits.history_table",
                table=table_label(table, self.language),
                share=locale.percent(share, self.language, digits=0),
            )
            for table, share in sorted(missing.items(), key=lambda item: -item[1])
            if share > _SPARSE
        ]

    def _optional(self, name: str) -> Any:
        try:
            return self.bundle.extra(name)
        except KeyError:
            return None

    def _written(self, value: float, written: _Written) -> str:
        if written.unit == "share":
            return self._percent(value)
        if written.unit == "points":
            return self._points(value)
        if written.unit == "cost":
            return self._count(_FILES * value / self.bundle.policy.cost_fp)
        return self._number(value, written.digits)

    def _span(self, low: float, high: float, written: _Written) -> str:
        return f"{self._written(low, written)} {_JOINT[self.language]} {self._written(high, written)}"

    def _moment(self, text: str | None) -> str:
        from datetime import datetime

        return locale.when(datetime.fromisoformat(text), self.language) if text else ""

    def _count(self, value: float) -> str:
        return locale.number(value, self.language, digits=0)

    def _number(self, value: float, digits: int, *, signed: bool = False) -> str:
        return locale.number(value, self.language, digits=digits, signed=signed)

    def _short(self, value: float) -> str:
        return locale.number(value, self.language)

    def _percent(self, value: float) -> str:
        return locale.percent(value, self.language)

    def _known_percent(self, value: float | None) -> str:
        return "–" if value is None else self._percent(value)

    def _known_ratio(self, figure: Any) -> str:
        return "–" if figure is None else self._number(_value(figure), 2)

    def _percents(self, low: float, high: float) -> str:
        return locale.interval(low, high, self.language)

    def _points(self, value: float) -> str:
        return locale.points(100 * value, self.language, signed=False, short=True)

    def _fine_points(self, value: float) -> str:
        """With two decimals: what is compared must not round to the same."""
        return locale.points(100 * value, self.language, signed=False, short=True, digits=2)

    def _numbers(self, low: float, high: float, digits: int) -> str:
        return f"{self._number(low, digits)} {_JOINT[self.language]} {self._number(high, digits)}"

    def _figure(self, estimate: Mapping[str, float], digits: int) -> str:
        """A value with its interval; alone where it is compared with itself."""
        value, low, high = (estimate[name] for name in ("value", "low", "high"))
        if low == high == value:
            return self._number(value, digits)
        return f"{self._number(value, digits)} ({self._numbers(low, high, digits)})"


@dataclass(frozen=True, slots=True)
class _Written:
    """How a metric is written, and which other figures its label names."""

    unit: Literal["number", "share", "points", "cost"] = "number"
    digits: int = 3
    named: tuple[str, ...] = ()


_WRITTEN: Mapping[str, _Written] = {
    "auc": _Written(),
    "gini": _Written(),
    "ks": _Written(),
    "pr_auc": _Written(named=("rate",)),
    "brier": _Written(digits=4),
    "log_loss": _Written(digits=4),
    "ece": _Written("points"),
    "observed_expected": _Written(digits=2),
    "cost_per_file": _Written("cost"),
    "acceptance_rate": _Written("share"),
    "accepted_bad_rate": _Written("share"),
}
_JOINT = {"fr": "à", "en": "to"}
_COLON = {"fr": f"{locale.NBSP}: ", "en": ": "}
_FLAGGED_RATIO = 0.80
_GROUP_ORDER = {"under_25": -1}
"""The alphabet puts the youngest last."""


def _mean(row: Mapping[str, Any] | None) -> float:
    return float(row["mean"]) if row else 0.0


def _half_width(figure: Any) -> float:
    """Half of an estimate's interval; nothing where none is known."""
    return (figure["high"] - figure["low"]) / 2 if isinstance(figure, Mapping) else 0.0


def _value(figure: Any) -> float:
    """The value of an estimate, or a bare number."""
    return float(figure["value"] if isinstance(figure, Mapping) else figure)


@cache
def _toml() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _words() -> dict[str, dict[str, str]]:
    """``section.name`` → language → text."""
    return dict(_flat(_toml()))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            if set(value) == {"fr", "en"}:
                yield prefix + name, dict(value)
            else:
                yield from _flat(value, f"{prefix}{name}.")
