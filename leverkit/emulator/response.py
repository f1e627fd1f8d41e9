"""Responses of the emulator: status, body, headers; and errors in Lever's envelope.

Headers and envelope: reference sections 7.2 and 7.3 (recorded answers of api.lever.co).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


Headers = list[tuple[bytes, bytes]]

JSON: Headers = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"server", b"lever-data-api"),
    (b"x-stream-path", b"dapi"),
    (b"x-lever-region", b"global"),
]


@dataclass(frozen=True)
class Response:
    """A complete HTTP response."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=lambda: JSON)

    def with_header(self, name: bytes, value: bytes) -> Response:
        """Return the response with one more header."""
        return replace(self, headers=[*self.headers, (name, value)])


CODES = {400: "BadRequestError", 401: "UnauthorizedError", 403: "ForbiddenError", 404: "ResourceNotFound"}
CODES |= {429: "TooManyRequestsError", 503: "ServiceUnavailableError"}


class RequestError(Exception):
    """A request that Lever would refuse: status, `{"code", "message"}`, and Retry-After if given."""

    def __init__(
        self, status: int, message: str, *, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after
        self.code = code or CODES.get(status, "ServerError")

    def response(self) -> Response:
        """Return the error as a response in Lever's envelope."""
        response = Response(self.status, encode({"code": self.code, "message": self.message}))
        if self.retry_after is None:
            return response
        return response.with_header(b"retry-after", b"%g" % self.retry_after)


def ok(data: Any, *, status: int = 200, **extra: Any) -> Response:
    """Return one resource as `{"data": …}`, after extra top-level keys."""
    return Response(status, encode({**extra, "data": data}))


def bad_request(message: str) -> RequestError:
    """Return a 400 (code seen in a probe, section 7.2)."""
    return RequestError(400, message)


def not_found(resource: str, identifier: str) -> RequestError:
    """Return a 404 for an object, worded as documented (resource name and id); one endpoint differs."""
    if resource == "requisition_fields":  # recorded, section 7.2
        message = "That requisition field doesn't exist on your account"
        return RequestError(404, message, code="NotFoundError")
    return RequestError(404, f"{resource} {identifier} was not found")


def no_such_path(path: str) -> RequestError:
    """Return a 404 for a path that Lever does not have (live probe, section 7.2)."""
    return RequestError(404, f"{path} does not exist")


def unauthorized() -> RequestError:
    """Return a 401 (live probe, section 7.2)."""
    return RequestError(401, "The request requires authentication.")


def forbidden(message: str) -> RequestError:
    """Return a 403; its body was never recorded."""
    return RequestError(403, message)
