"""One family of errors; each carries what a person or a program needs to act.

PadError
├── InputError          a value, row, column or table is not acceptable
├── UnknownClientError  no client of that number
├── IntegrityError      a bundle or client book is not what its manifest says
└── UnavailableError    nothing to serve yet, or a part is down

The English ``detail`` is for logs and the command line. Screens and API answers take
their words from the language files by ``code`` and ``params``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused value.

    Attributes
    ----------
    pointer : JSON pointer (RFC 6901) to the value, e.g. ``/bureau/3/DAYS_CREDIT``
    code : stable name of the broken rule, e.g. ``out_of_range``
    params : values for the sentence, e.g. ``{"low": 0, "high": 1}``
    """

    pointer: str
    code: str
    params: dict[str, Any]


class PadError(Exception):
    """Base of every error this product raises on purpose.

    Parameters
    ----------
    detail : one English sentence that names the law, the value and the way out
    code : stable identifier, a key of the language files
    params : values for the translated sentence
    """

    code = "error"
    status = 500

    def __init__(self, detail: str, *, code: str | None = None, **params: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.params = params
        if code is not None:
            self.code = code


class InputError(PadError):
    """Input that breaks a rule of the schema; `errors` names each value."""

    code = "invalid_input"
    status = 422

    def __init__(
        self, detail: str, *, errors: tuple[FieldError, ...] = (), code: str | None = None, **params: Any
    ) -> None:
        super().__init__(detail, code=code, **params)
        self.errors = errors


class UnknownClientError(PadError):
    """No client of that number in the client book in force."""

    code = "unknown_client"
    status = 404


class IntegrityError(PadError):
    """A bundle, client book or record differs from its own fingerprint."""

    code = "integrity"
    status = 503


class UnavailableError(PadError):
    """Nothing to serve yet, or a part that the answer needs is down."""

    code = "unavailable"
    status = 503
