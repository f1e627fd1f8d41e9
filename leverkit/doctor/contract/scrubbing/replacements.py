"""What stands for what in a scrubbed recording: equal values get equal ones, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from uuid import UUID

DAY_MS = 86_400_000
FORMS = {
    "text": "text {:05}",
    "person": "Person {:05}",
    "email": "person-{:05}@example.com",
    "phone": "555-{:05}",
    "link": "https://example.com/{:05}",
    "token": "token-{:05}",
    "field": "field{:05}",
}


@dataclass(frozen=True)
class Replacements:
    """The replacement of each value by its kind, and the milliseconds by which all times are shifted."""

    values: Mapping[str, Mapping[str, str]]
    shift_ms: int

    def of(self, kind: str, value: str) -> str:
        """Return what stands for a value. Raises KeyError for one that was not collected."""
        return self.values[kind][value]


def replacements(seen: Mapping[str, Iterable[str]], random: Random) -> Replacements:
    """Return replacements for values by kind; their order stays, as Lever sorts by ids and by texts."""
    values = {kind: _numbered(FORMS[kind], of) for kind, of in seen.items() if kind != "id"}
    shift = -random.randrange(30 * DAY_MS, 700 * DAY_MS)
    return Replacements({**values, "id": _new_ids(seen.get("id", ()), random)}, shift)


def _numbered(form: str, values: Iterable[str]) -> dict[str, str]:
    order = sorted(values, key=lambda text: (text.casefold(), text.swapcase()))
    return {
        value: form.format(place) + "," * ("," in value)  # where commas separate values, it has two
        for place, value in enumerate(order, start=1)
    }


def _new_ids(values: Iterable[str], random: Random) -> dict[str, str]:
    old = sorted(values)
    new: set[str] = set()
    while len(new) < len(old):
        new.add(str(UUID(int=random.getrandbits(128), version=4)))
    return dict(zip(old, sorted(new), strict=True))
