"""A verification for people: the verdict as headline, and Lever's tag counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from leverkit.errors import Partial
from leverkit.planning.operation import csv_cells
from leverkit.report.html import Html, table
from leverkit.report.text import count
from leverkit.storage import csv_file, files
from leverkit.verification.verification import DIFFERENCES, STATUSES, Verification

_COLUMNS = ("meaning", "contact", "opportunity", "tag", "reported")
VERDICTS = {0: "Verified", Partial.exit_code: "Verified in part"}
SHOWN = 15  # rows of a table before it unfolds


def verdict(found: Verification) -> str:
    """Return the result as a headline: how many of the changes are in place."""
    signs = Counter(pair.status for pair in found.checked if pair.status != "*")
    text = f"{signs['=']:,} of {count(sum(signs.values()), 'change')} in place"
    rest = [f"{number:,} {STATUSES[sign]}" for sign, number in signs.items() if sign != "="]
    if wrong := sum(each.wrong for each in found.counts):
        rest.append(f"{count(wrong, 'tag count')} not explained")
    return "; ".join([f"{VERDICTS.get(found.exit_code, 'Not as planned')}: {text}", ", ".join(rest)]).rstrip(
        "; "
    )


def counts_table(found: Verification) -> Html:
    """Return Lever's own tag counts beside the prediction; nothing where none was compared."""
    import pandas as pd

    rows = [(each.tag, each.predicted, each.listed) for each in found.counts]
    counts = pd.DataFrame(
        rows, columns=["Tag", "Opportunities, predicted", "Opportunities, by Lever's count"]
    )
    return table(counts, limit=SHOWN, caption="Lever's own tag counts") if rows else Html()


def write_differences(found: Verification) -> None:
    """Write differences.csv into the run folder: one row per pair that is not as planned."""
    rows = [
        csv_cells(_COLUMNS, (STATUSES[pair.status], pair.contact, pair.opportunity, pair.tag, pair.reported))
        for pair in found.differences
    ]
    files.write_atomic(Path(found.run) / DIFFERENCES, csv_file.render(_COLUMNS, rows, csv_file.Dialect()))
