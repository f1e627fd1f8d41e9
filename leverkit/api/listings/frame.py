"""A tidy frame of a listing's items: nested objects as dotted columns, lists left lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from leverkit.api.listings.catalogue import Listing

if TYPE_CHECKING:
    import pandas as pd


def frame_of(items: Iterable[Any], listing: Listing, *, times: bool, narrowed: bool = False) -> pd.DataFrame:
    """Return a frame with a row for each item, in their order, and the columns that the listing always has.

    `times`: timestamps (UTC) in place of milliseconds since epoch. `narrowed`: only the columns that came.
    Whole numbers and flags with gaps are pandas' nullable types, so that no id becomes 1.0.
    """
    import pandas as pd  # heavy, and only needed here

    rows = [_flat(item if isinstance(item, dict) else msgspec.to_builtins(item)) for item in items]
    columns = dict.fromkeys(() if narrowed else listing.columns)
    for row in rows:
        columns |= dict.fromkeys(row)
    nested = {name[:at] for name in columns for at, letter in enumerate(name) if letter == "."}
    kept = [name for name in columns if name not in nested or any(row.get(name) is not None for row in rows)]
    moments = {name for name in kept if times and is_time(name, listing)}
    values = {name: _column([row.get(name) for row in rows], name in moments) for name in kept}
    return pd.DataFrame(values, index=pd.RangeIndex(len(rows)))


def is_time(column: str, listing: Listing) -> bool:
    """Return True if a column holds moments, in milliseconds since epoch."""
    return column.rpartition(".")[2] in listing.times


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _column(values: list[Any], is_moment: bool) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if is_moment and kinds <= {int}:
        moments = [np.datetime64("NaT") if value is None else value for value in values]
        return pd.Series(np.array(moments, dtype="datetime64[ms]")).dt.tz_localize("UTC")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if None in values else "int64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    return pd.Series(values, dtype="float64" if kinds == {float} else "object")
