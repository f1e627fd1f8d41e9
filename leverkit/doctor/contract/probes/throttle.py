"""What a 429 looks like, where a person asked for one (section 10.25)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.outcome import Outcome, judged, not_tried
from leverkit.report.text import count

PROVOKED = Ask("/stages", {"limit": 1})
KNOWN = "TooManyRequestsError"
CODE = re.compile(r"[A-Za-z]{1,60}")


def judge_refusal(exchanges: Sequence[Exchange]) -> list[Outcome]:
    """Return what the first refusal looks like."""
    keys = ("throttle_code", "retry_after")
    refused = next((exchange for exchange in exchanges if exchange.status == 429), None)
    if refused is None:
        return [not_tried(key, f"{count(len(exchanges), 'request')} at once, all taken") for key in keys]
    wait, code = refused.headers.get("retry-after", ""), refused.code
    named = {"throttle_code": code} if CODE.fullmatch(code) and code != KNOWN else {}
    waiting = {} if refused.retry_after is None else {"retry_after": refused.retry_after}
    return [
        judged(
            "throttle_code",
            code == KNOWN,
            f"the code is {'as assumed' if code == KNOWN else 'another'}",
            **named,
        ),
        judged("retry_after", not wait, f"Retry-After is {'there' if wait else 'absent'}", **waiting),
    ]
