"""A verification for people: the verdict as headline, and Lever's tag counts."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from leverkit.errors import Partial
from leverkit.report.html import Html, table
from leverkit.report.text import count
from leverkit.verification.verification import STATUSES, Verification

VERDICTS = {0: "Verified", Partial.exit_code: "Verified in part"}
SHOWN = 15  # rows of a table before it unfolds


def verdict(found: Verification) -> str:
    """Return the result as a headline: how many of the changes are in place."""
    signs = Counter(pair.status for pair in found.checked if pair.status != "*")
    text = f"{signs['=']:,} of {count(sum(signs.values()), 'change')} are in place"
    rest = [f"{number:,} {STATUSES[sign]}" for sign, number in signs.items() if sign != "="]
    if wrong := sum(each.wrong for each in found.counts):
        rest.append(f"{count(wrong, 'tag count')} not explained")
    return "; ".join([f"{VERDICTS.get(found.exit_code, 'Not as planned')}: {text}", ", ".join(rest)]).rstrip(
        "; "
    )


def counts_table(found: Verification) -> Html:
    """Return Lever's own tag counts beside the prediction; nothing where none was compared."""
    rows = [(each.tag, each.predicted, each.listed) for each in found.counts]
    counts = pd.DataFrame(
        rows, columns=["Tag", "Opportunities, predicted", "Opportunities, by Lever's count"]
    )
    return table(counts, limit=SHOWN, caption="Lever's own tag counts") if rows else Html()
