"""Shapes of requests and answers, for the OpenAPI document and for the tests.

Requests are validated by ``model.case``, which knows every column; answers are built by the
services. These models describe both: the document is generated from them and the tests read
every answer back through them, unknown fields refused.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from model.tables import HISTORY, MAX_ID, TABLES, Column, Table

Opinion = Literal["favourable", "review", "unfavourable"]
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
    n: int = Field(ge=1, description="Clients compared.", examples=[425])


class Contribution(Schema):
    """What one feature adds to the probability, against the typical accepted client.

    Contributions describe the model's calculation; they are not causes.
    """

    feature: str | None = Field(description="Feature; null for the sum of those not listed.")
    code: str | None = Field(description="Reason code that the feature counts for.")
    theme: str | None
    value: float | str | None = Field(description="What the model read; null when missing.")
    contribution: float = Field(description="In probability: 0.01 is one point.")


class Reason(Schema):
    """One of at most four reasons, the heaviest first."""

    code: str = Field(pattern=r"^R\d{2}$", examples=["R01"])
    label: str
    text: str
    feature: str | None
    value: float | str | None
    reference: float | None = Field(description="Median of the accepted clients.")
    contribution: float
    share: float = Field(description="Of all that speaks against the client.")


class Flag(Schema):
    """Something about the data that makes the opinion less sure."""

    kind: str = Field(examples=["missing"])
    feature: str
    value: float | str | None
    low: float | None = Field(description="Training range, where the flag is about it.")
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
    clients: str | None = Field(description="Client book; null when the case was sent by the caller.")
    policy: str = Field(examples=["P-1"])
    code: str
    reasons: str


class Answer(Schema):
    """One assessment. The machine gives an opinion, a named person decides."""

    assessment_id: str = Field(description="Name of the record that was kept before this answer.")
    status: Literal["proposed"]
    client_id: int | None
    probability_of_default: float = Field(ge=0, le=1)
    interval: Interval
    opinion: Opinion
    cut_off: float = Field(ge=0, le=1)
    grade: Literal["A", "B", "C", "D", "E", "F", "G"]
    points: int = Field(ge=300, le=850)
    percentile: float = Field(ge=0, le=100, description="Percent of past clients with a lower probability.")
    base_probability: float = Field(
        ge=0,
        le=1,
        description="Of the typical accepted client; with all contributions it adds up to "
        "`probability_of_default` to 1e-9.",
    )
    contributions: list[Contribution]
    reasons: list[Reason] = Field(max_length=4, description="Empty when the opinion is favourable.")
    data_quality: DataQuality
    alerts: list[str] = Field(
        description="`no_reason`: an unfavourable opinion without a reason became review."
    )
    learning: Learning | None = None
    versions: Versions
    assessed_at: str


class FieldProblem(Schema):
    """One refused value."""

    pointer: str = Field(description="JSON pointer (RFC 6901).", examples=["/application/AMT_CREDIT"])
    code: str
    message: str


class Problem(Schema):
    """An error (RFC 9457), in the language of Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="Id of the request, also in X-Request-Id and in the log.")
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
    direction: Literal[-1, 0, 1] = Field(
        description="1: a larger value never lowers the probability; -1: never raises it; 0: free."
    )
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
        "ClientCase": _object({"client_id": client}, required=["client_id"], text="A client of the book."),
        "RowsCase": _object(
            {"application": _row(TABLES["application"]), **rows},
            required=["application"],
            text="Raw rows of the seven tables. Missing columns and nulls are missing values.",
        ),
        "FeaturesCase": _object(
            {
                "features": {
                    "type": "object",
                    "additionalProperties": {"type": ["number", "null"]},
                    "description": "Feature by name, see /api/model/features; absent and null are missing.",
                }
            },
            required=["features"],
            text="Values of the model's own features.",
        ),
        "Case": {
            "oneOf": [
                {"$ref": f"#/components/schemas/{name}"}
                for name in ("ClientCase", "RowsCase", "FeaturesCase")
            ]
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
            text="Up to 1,000 cases.",
        ),
    }


def _row(table: Table) -> dict[str, Any]:
    columns = [column for column in table.columns if column.name != "TARGET"]
    required = [column.name for column in columns if column.required and column.name != "SK_ID_CURR"]
    return _object({column.name: _column(column) for column in columns}, required=required, text=table.name)


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


def _object(properties: dict[str, Any], *, required: list[str], text: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "description": text,
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema
