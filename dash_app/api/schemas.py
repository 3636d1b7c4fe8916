"""Shapes of requests and answers, for the OpenAPI document and for the tests.

Requests are validated by ``model.case``, which knows every column; answers are built by the
services. These models describe both: the document is generated from them and the tests read
every answer back through them, unknown fields refused.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from model.policy import Opinion
from model.tables import HISTORY, MAX_ID, TABLES, Column, Table

Grades = Literal["A", "B", "C", "D", "E", "F", "G"]
Probability = Field(ge=0, le=1)


class Schema(BaseModel):
    """Nothing that is not described."""

    model_config = ConfigDict(extra="forbid")


class Interval(Schema):
    """Observed default rate of the past clients with the nearest scores, with Wilson bounds."""

    low: float = Field(ge=0, le=1, examples=[0.097])
    high: float = Field(ge=0, le=1, examples=[0.160])
    level: float = Field(examples=[0.95])
    observed: float = Field(ge=0, le=1, examples=[0.125])
    n: int = Field(ge=1, examples=[425])


class Contribution(Schema):
    """What one feature adds to the probability, against the typical accepted client.

    Contributions describe the model's calculation; they are not causes.
    """

    feature: str | None
    code: str | None
    theme: str | None
    value: float | str | None
    contribution: float


class Reason(Schema):
    """One of at most four reasons, the heaviest first."""

    code: str = Field(pattern=r"^R\d{2}$", examples=["R01"])
    label: str
    text: str
    feature: str | None
    value: float | str | None
    reference: float | None
    contribution: float
    share: float


class Flag(Schema):
    """Something about the data that makes the opinion less sure."""

    kind: str = Field(examples=["missing"])
    feature: str
    value: float | str | None
    low: float | None
    high: float | None
    text: str


class DataQuality(Schema):
    """How much of what the model reads was provided, and what looks odd."""

    provided_share: float = Field(ge=0, le=1)
    flags: list[Flag]


class Learning(Schema):
    """The model has learned from this file: its probability by the models that had not seen it."""

    out_of_fold_probability: float | None


class Versions(Schema):
    """Everything needed to compute the same answer again."""

    model: str
    bundle: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    clients: str | None
    policy: str = Field(examples=["P-1"])
    code: str
    reasons: str


class Answer(Schema):
    """One assessment. The machine gives an opinion, a named person decides."""

    assessment_id: str
    status: Literal["proposed"]
    client_id: int | None
    probability_of_default: float = Field(ge=0, le=1)
    interval: Interval
    opinion: Opinion
    cut_off: float = Field(ge=0, le=1)
    grade: Literal["A", "B", "C", "D", "E", "F", "G"]
    points: int = Field(ge=300, le=850)
    percentile: float = Field(ge=0, le=100)
    base_probability: float = Field(ge=0, le=1)
    contributions: list[Contribution]
    reasons: list[Reason] = Field(max_length=4)
    data_quality: DataQuality
    alerts: list[str]
    learning: Learning | None = None
    versions: Versions
    assessed_at: str


class Simulated(Schema):
    """A case as a scenario scores it: the fields of an answer, nothing recorded."""

    status: Literal["simulated"]
    client_id: int | None
    probability_of_default: float = Field(ge=0, le=1)
    interval: Interval
    opinion: Opinion
    cut_off: float = Field(ge=0, le=1)
    grade: Grades
    points: int = Field(ge=300, le=850)
    percentile: float = Field(ge=0, le=100)
    base_probability: float = Field(ge=0, le=1)
    contributions: list[Contribution]
    reasons: list[Reason] = Field(max_length=4)
    data_quality: DataQuality
    alerts: list[str]
    learning: Learning | None = None
    versions: Versions


class ChangedField(Schema):
    """A field of the application that was really changed."""

    field: str
    label: str
    before: float | str | None
    after: float | str | None
    read_by_model: bool


class MovedCode(Schema):
    """A reason code whose contributions moved by a tenth of a point or more, in probability."""

    code: str
    label: str
    before: float
    after: float


class Simulation(Schema):
    """A case as it is and with some fields of the application changed; history stays."""

    client_id: int | None
    before: Simulated
    after: Simulated
    changed: list[ChangedField]
    moved: list[MovedCode]
    notes: list[str]


class Brief(Schema):
    """What an opinion comes down to."""

    probability_of_default: float = Field(ge=0, le=1)
    opinion: Opinion
    grade: Grades
    points: int = Field(ge=300, le=850)


class NewValue(Schema):
    """A field of the request that would have to change."""

    field: str
    label: str
    before: float
    after: float


class RecourseAnswer(Brief):
    """A change of the request that the model would answer otherwise."""

    kind: Literal["amount", "duration", "both"]
    reaches: Literal["favourable", "review"]
    changes: list[NewValue]
    goods_price_kept: bool


class Recourse(Schema):
    """What would have to change; what the model would reply is no promise."""

    client_id: int | None
    status: Literal["found", "none", "not_needed", "other_product", "incomplete"]
    before: Brief
    answers: list[RecourseAnswer] = Field(max_length=3)
    tried: int = Field(ge=0, le=290)
    cut: bool
    message: str
    versions: Versions


class Difference(Schema):
    """A field that the model reads and that differs; protected ones are never shown."""

    field: str
    label: str
    client: float | str | None
    similar: float | str | None


class SimilarFile(Schema):
    """One past file, without identifier."""

    similarity: float = Field(ge=0, le=1)
    outcome: Literal["repaid", "defaulted"]
    shared_codes: list[str] | None
    differences: list[Difference] | None


class SimilarFiles(Schema):
    """Past files that the model finds close; the client himself is never among them."""

    client_id: int
    rate: Interval
    reference: int = Field(ge=2000)
    least_similarity: float = Field(ge=0, le=1)
    nearest: list[SimilarFile]
    note: str
    versions: Versions


class FieldProblem(Schema):
    """One refused value."""

    pointer: str = Field(examples=["/application/AMT_CREDIT"])
    code: str
    message: str


class Problem(Schema):
    """An error (RFC 9457), in the language of Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldProblem] | None = None


class BatchAnswer(Schema):
    """In the order of the cases: an answer, or the problem of that case."""

    results: list[Answer | Problem]


class Metric(Schema):
    """An out-of-fold figure with its 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Grade(Schema):
    """One grade in the training data, out of fold."""

    grade: str
    n: int
    defaults: int
    share: float
    mean_pd: float | None
    observed: float | None


class TrainingData(Schema):
    """Clients whose outcome is known."""

    clients: int
    defaults: int


class Model(Schema):
    """The model in force."""

    model: str
    bundle: str
    clients: str | None
    policy: str
    trained_at: str | None
    versions: dict[str, Any]
    features: int
    fictional: bool
    currency: str
    base_probability: float
    clients_in_book: int
    training: TrainingData
    metrics: dict[str, Metric]
    grades: list[Grade]


class ModelFeature(Schema):
    """A feature that the model reads."""

    name: str
    label: str
    unit: str
    code: str | None
    theme: str
    direction: Literal[-1, 0, 1]
    low: float | None
    high: float | None
    missing_rate: float


class ModelFeatures(Schema):
    """In the order of the model."""

    features: list[ModelFeature]


class ReviewZone(Schema):
    """Probabilities between which a file is to be reviewed."""

    low: float
    high: float


class Policy(BaseModel):
    """The rule in force: cut-off, review zone, costs, limits."""

    version: str
    cutoff: float
    cutoff_rule: str
    cost_fn: float
    cost_fp: float
    grey_halfwidth_logit: float
    review_zone: ReviewZone


class CatalogueReason(Schema):
    """One reason code."""

    code: str
    label: str
    theme: str
    theme_label: str


class ReasonCatalogue(Schema):
    """All reason codes; a code is never renumbered or reused."""

    version: str
    reasons: list[CatalogueReason]


ANSWERS: tuple[type[BaseModel], ...] = (
    Answer,
    BatchAnswer,
    Simulation,
    Recourse,
    SimilarFiles,
    Problem,
    Model,
    ModelFeatures,
    Policy,
    ReasonCatalogue,
)
"""Models that the document defines by name, with all that they contain."""


def case_schemas() -> dict[str, Any]:
    """JSON schemas of the three forms of a case, from the table definitions."""
    client = {"type": "integer", "minimum": 1, "maximum": MAX_ID, "examples": [100002]}
    rows = {name: {"type": "array", "items": _row(TABLES[name])} for name in HISTORY}
    return {
        "ClientCase": _object({"client_id": client}, required=["client_id"]),
        "RowsCase": _object(
            {"application": _row(TABLES["application"]), **rows},
            required=["application"],
        ),
        "FeaturesCase": _object(
            {
                "features": {
                    "type": "object",
                    "additionalProperties": {"type": ["number", "null"]},
                }
            },
            required=["features"],
        ),
        "Case": {
            "oneOf": [
                {"$ref": f"#/components/schemas/{name}"}
                for name in ("ClientCase", "RowsCase", "FeaturesCase")
            ]
        },
        "RawCase": {
            "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ClientCase", "RowsCase")]
        },
        "SimulationCase": {
            "type": "object",
            "properties": {
                "client_id": client,
                "application": _row(TABLES["application"]),
                **rows,
                "changes": _changes(),
            },
            "required": ["changes"],
            "additionalProperties": False,
        },
        "Batch": _object(
            {
                "cases": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 1000,
                    "items": {"$ref": "#/components/schemas/Case"},
                }
            },
            required=["cases"],
        ),
    }


def _changes() -> dict[str, Any]:
    """Any raw column of the application but identifier and outcome."""
    outside = ("SK_ID_CURR", "TARGET")
    columns = [column for column in TABLES["application"].columns if column.name not in outside]
    return _object({column.name: _column(column) for column in columns}, required=[])


def _row(table: Table) -> dict[str, Any]:
    columns = [column for column in table.columns if column.name != "TARGET"]
    required = [column.name for column in columns if column.required and column.name != "SK_ID_CURR"]
    return _object({column.name: _column(column) for column in columns}, required=required)


def _column(column: Column) -> dict[str, Any]:
    if column.kind == "text":
        return {"type": ["string", "null"], "maxLength": 200}
    kind = "integer" if column.kind in ("id", "int") else "number"
    schema: dict[str, Any] = {"type": kind if column.required else [kind, "null"]}
    if column.low is not None:
        schema["minimum"] = column.low
    if column.high is not None:
        schema["maximum"] = column.high
    if column.kind == "money":
        schema["description"] = "At most three decimals."
    return schema


def _object(properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema
