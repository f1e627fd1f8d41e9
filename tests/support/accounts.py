"""Contacts of an emulated account, and the tags that their opportunities should have under a policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from leverkit.emulator import Running


def split_contacts(account: Running, least: int = 2) -> dict[str, list[str]]:
    """Return the opportunities of each contact that has at least `least`, none of them anonymized."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = account.do(lambda account: [row.object() for row in account.rows.values()])
    hidden = {row["contact"] for row in rows if row["isAnonymized"]}
    for row in rows:
        found[row["contact"]].append(row["id"])
    return {c: ids for c, ids in found.items() if len(ids) >= least and c not in hidden}


def with_shared_tags(
    state: dict[str, Any], contacts: Collection[str], tags: Collection[str]
) -> dict[str, list[str]]:
    """Return the sorted tags of each opportunity once `tags` are shared within each of these contacts."""
    shared: dict[str, set[str]] = defaultdict(set)
    for opportunity, own in state["opportunities"].items():
        shared[state["contacts"][opportunity]] |= set(own) & set(tags)
    return {
        opportunity: sorted({*own, *shared[state["contacts"][opportunity]]})
        if state["contacts"][opportunity] in contacts
        else sorted(own)
        for opportunity, own in state["opportunities"].items()
    }


def policy(path: Path, **scopes: str) -> Path:
    """Write a policy with these scopes."""
    rows = [f'"{tag}",{scope}' for tag, scope in scopes.items()]
    path.write_text("\n".join(["tag,scope", *rows]) + "\n", encoding="utf-8")
    return path
