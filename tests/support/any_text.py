"""Texts of any characters, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st


def any_text(*, min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[str]:
    """Return texts of every character that UTF-8 can write.

    `st.text` has them too, but finds out which they are in each process of a new clone: three seconds.
    """
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=max_size)
