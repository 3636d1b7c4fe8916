"""Clients as lists and as identities: search, worklist, recently opened, the nine facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dash_app import champion
from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise
from dash_app.store.records import records
from model.errors import UnknownClientError
from model.queues import QUEUES, SORTS, Queue, Sort

if TYPE_CHECKING:
    from model.book import Book
    from model.case import Case

__all__ = ["QUEUES", "SORTS", "Queue", "Sort"]

MOST_ROWS = 200
"""Rows that one call of ``worklist`` gives."""


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One waiting file, from the client book alone: nothing is scored for a list.

    Attributes
    ----------
    client_id : number of the file
    product : value of ``NAME_CONTRACT_TYPE``, ``None`` if not given
    amount : ``AMT_CREDIT``, ``None`` if not given
    opinion : ``favourable``, ``review`` or ``unfavourable``
    default_probability : calibrated, in [0, 1]
    reason_code : code that weighs most against; ``None`` when the opinion is favourable
    flags : number of data-quality flags
    waiting_since : when its book's data came in (UTC), ``None`` where unknown
    """

    client_id: int
    product: str | None
    amount: float | None
    opinion: str
    default_probability: float
    reason_code: str | None
    flags: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Worklist:
    """One page of the waiting files.

    Attributes
    ----------
    rows : files `start` … `start + len(rows) - 1` of the queue
    counts : waiting files by queue, ``all`` included
    total : files in this queue
    """

    rows: tuple[WorklistRow, ...]
    counts: Mapping[str, int]
    total: int
    queue: Queue
    sort: Sort
    start: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands in a list: 1-based `rank` of `total`, and its neighbours."""

    rank: int
    total: int
    previous: int | None
    next: int | None


@dataclass(frozen=True, slots=True)
class RecentFile:
    """A file that this person opened, as it stands now; no opinion if it left the book."""

    client_id: int
    opened_at: datetime
    opinion: str | None
    default_probability: float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One raw value of the identity strip.

    Attributes
    ----------
    column : column of the application table
    value : as in the application; ``None`` = not provided
    in_model : the model reads it, directly or through a feature made from it
    """

    column: str
    value: float | str | None
    in_model: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """What the identity strip shows; words and units are the page's business.

    ``effort_rate`` is instalment / declared income, ``None`` when either is missing or the
    income is 0. ``learning`` marks a file whose outcome the model has seen.
    """

    client_id: int
    age: Fact
    family: Fact
    children: Fact
    job: Fact
    seniority: Fact
    housing: Fact
    income: Fact
    product: Fact
    amount: Fact
    instalment: Fact
    effort_rate: float | None
    learning: bool
    waiting_since: datetime | None


_IDENTITY_COLUMNS = {
    "age": "DAYS_BIRTH",
    "family": "NAME_FAMILY_STATUS",
    "children": "CNT_CHILDREN",
    "job": "OCCUPATION_TYPE",
    "seniority": "DAYS_EMPLOYED",
    "housing": "NAME_HOUSING_TYPE",
    "income": "AMT_INCOME_TOTAL",
    "product": "NAME_CONTRACT_TYPE",
    "amount": "AMT_CREDIT",
    "instalment": "AMT_ANNUITY",
}


def search(user: User, prefix: str, *, limit: int = 8) -> tuple[int, ...]:
    """Files whose number starts with `prefix` (spaces ignored), the exact one first."""
    authorise(user, Action.SEARCH)
    return tuple(int(found) for found in champion.current().clients().search(prefix, limit=limit))


def find(user: User, prefix: str, *, limit: int = 8) -> tuple[WorklistRow, ...]:
    """As :func:`search`, each with what a list shows of it."""
    found = search(user, prefix, limit=limit)
    serving = champion.current()
    book = serving.clients()
    rows = (book.index_of(client_id) for client_id in found)
    return tuple(_row(serving, book, row) for row in rows if row is not None)


def worklist(
    user: User, *, queue: Queue = "all", sort: Sort = "oldest", start: int = 0, limit: int = 50
) -> Worklist:
    """One page of the files that wait for a decision.

    Raises
    ------
    InputError : unknown queue or sort
    """
    authorise(user, Action.SEARCH)
    serving = champion.current()
    book = serving.clients()
    order = book.worklist(serving.policy, queue=queue, sort=sort)
    start = max(start, 0)
    shown = order[start : start + min(max(limit, 0), MOST_ROWS)]
    return Worklist(
        rows=tuple(_row(serving, book, int(row)) for row in shown),
        counts=book.queue_counts(serving.policy),
        total=len(order),
        queue=queue,
        sort=sort,
        start=start,
    )


def place_in_list(user: User, client_id: int, *, queue: Queue = "all", sort: Sort = "oldest") -> Place | None:
    """Rank and neighbours of a file in a list; ``None`` when it is not in that list."""
    authorise(user, Action.SEARCH)
    serving = champion.current()
    book = serving.clients()
    order = book.worklist(serving.policy, queue=queue, sort=sort)
    row = book.index_of(client_id)
    found = [] if row is None else (order == row).nonzero()[0]
    if len(found) == 0:
        return None
    at = int(found[0])
    return Place(
        rank=at + 1,
        total=len(order),
        previous=int(book.ids[order[at - 1]]) if at > 0 else None,
        next=int(book.ids[order[at + 1]]) if at + 1 < len(order) else None,
    )


def recent(user: User, *, limit: int = 8) -> tuple[RecentFile, ...]:
    """Files that this person opened, the latest first."""
    authorise(user, Action.SEARCH)
    serving = champion.current()
    book = serving.clients()
    opened = records().assessments.recent(user.id, limit=limit)
    return tuple(_recent(serving, book, file.client_id, file.opened_at) for file in opened)


def exists(user: User, client_id: int) -> bool:
    """The file is in the book and within the user's scope."""
    authorise(user, Action.SEARCH)
    return champion.current().clients().index_of(client_id) is not None


def require(user: User, client_id: int) -> None:
    """Raise unless the file exists and is within the user's scope.

    Raises
    ------
    UnknownClientError : the same answer for both
    """
    if not exists(user, client_id):
        raise UnknownClientError(f"no client {client_id} in the book", client_id=client_id)


def identity(serving: Serving, case: Case) -> Identity:
    """The facts of the identity strip, of a case that the user has opened."""
    application = case.application or {}
    read = columns_read(serving)
    facts: dict[str, Any] = {
        name: Fact(column, application.get(column), column in read)
        for name, column in _IDENTITY_COLUMNS.items()
    }
    income, instalment = facts["income"].value, facts["instalment"].value
    return Identity(
        client_id=case.client_id or 0,
        **facts,
        effort_rate=instalment / income if instalment is not None and income else None,
        learning=case.learning,
        waiting_since=None if case.learning else waiting_since(serving),
    )


def waiting_since(serving: Serving) -> datetime | None:
    """When the data of the book in force came in (UTC)."""
    text = serving.clients().manifest.get("ingested_at")
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def columns_read(serving: Serving) -> frozenset[str]:
    """Raw application columns that at least one feature of the model reads."""
    return serving.bundle.columns_read


def _row(serving: Serving, book: Book, row: int) -> WorklistRow:
    product = book.column("NAME_CONTRACT_TYPE")[row]
    amount = float(book.column("AMT_CREDIT")[row])
    opinion = _opinion(serving, book, row)
    return WorklistRow(
        client_id=int(book.ids[row]),
        product=product or None,
        amount=None if amount != amount else amount,
        opinion=opinion,
        default_probability=float(book.default_probability[row]),
        reason_code=None if opinion == "favourable" else book.first_code(row, adverse=True),
        flags=int(book.flags[row]),
        waiting_since=waiting_since(serving),
    )


def _opinion(serving: Serving, book: Book, row: int) -> str:
    from model.policy import OPINIONS

    return OPINIONS[book.opinions(serving.policy)[row]]


def _recent(serving: Serving, book: Book, client_id: int, opened_at: datetime) -> RecentFile:
    row = book.index_of(client_id)
    if row is None:
        return RecentFile(client_id, opened_at, None, None)
    return RecentFile(
        client_id, opened_at, _opinion(serving, book, row), float(book.default_probability[row])
    )
