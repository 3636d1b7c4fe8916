"""Errors that only the server knows; they belong to the family of ``model.errors``.

PadError
├── SettingsError          a setting is unknown or not acceptable: the server does not start
├── UnauthenticatedError   nobody is signed in, or a key is missing
├── ForbiddenError         signed in, but the role does not carry the right
├── OriginError            a browser sent the request from another site
└── RequestError           the request is malformed before its content is looked at
    ├── LengthRequiredError    a body without Content-Length
    ├── TooLargeError          a body over the cap
    ├── NotFoundError          no such route, page or callback
    └── MethodNotAllowedError  the route answers to other methods
"""

from __future__ import annotations

from model.errors import PadError as PadError  # the family, for those above this floor


class SettingsError(PadError):
    code = "settings"
    status = 500


class UnauthenticatedError(PadError):
    code = "unauthenticated"
    status = 401


class ForbiddenError(PadError):
    code = "forbidden"
    status = 403


class OriginError(PadError):
    code = "cross_site"
    status = 403


class RequestError(PadError):
    code = "malformed_request"
    status = 400


class LengthRequiredError(RequestError):
    code = "length_required"
    status = 411


class TooLargeError(RequestError):
    code = "too_large"
    status = 413


class NotFoundError(RequestError):
    code = "not_found"
    status = 404


class MethodNotAllowedError(RequestError):
    code = "method_not_allowed"
    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"this address answers to {', '.join(allowed)}")
        self.allowed = allowed
