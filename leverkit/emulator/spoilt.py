"""The answers of requests that go wrong."""

from __future__ import annotations

from leverkit.emulator import tokens
from leverkit.emulator.answers import Answer, Failure
from leverkit.emulator.faults import Fault

CODES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "ResourceNotFound",
    429: "TooManyRequestsError",
    503: "ServiceUnavailableError",
}
MESSAGES = {
    401: "The request requires authentication.",
    403: "You do not have permission to do this.",
    429: "Too many requests. Please retry later.",
    503: "Lever is undergoing maintenance.",
}
HTML = b"<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n<body>Bad Gateway</body>\r\n</html>\r\n"


def throttled(code: str, retry_after: float | None) -> Answer:
    """Return a 429: without Retry-After unless one is wanted (section 7.1)."""
    answer = Failure(429, code, MESSAGES[429]).answer()
    if retry_after is None:
        return answer
    return Answer(429, answer.body, [*answer.headers, (b"retry-after", b"%g" % retry_after)])


def instead(fault: Fault) -> Answer | None:
    """Return what is answered in place of the real answer; None for a broken connection."""
    if fault.kind == "reset":
        return None
    if fault.kind == "throttle":
        return throttled(CODES[429], fault.retry_after)
    if fault.kind == "html":
        return Answer(fault.status, HTML % fault.status, [(b"content-type", b"text/html")])
    if fault.kind == "empty":
        return Answer(200, b"")
    if fault.kind == "no_rows":
        return Answer(200, b'{"data":[],"hasNext":false}')
    if fault.kind == "refuse_offset":
        return tokens.invalid("Offset token is invalid for sort").answer()
    code = CODES.get(fault.status, "ServerError")
    answer = Failure(fault.status, code, MESSAGES.get(fault.status, "Something went wrong.")).answer()
    if fault.location is None:
        return answer
    return Answer(answer.status, answer.body, [*answer.headers, (b"location", fault.location.encode())])
