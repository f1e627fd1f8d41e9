"""Orders of whole nights, with a receiver and rollbacks between them, do what the merge table says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.scale import scaled
from support.whole_nights import go


@pytest.mark.parametrize("seed", [0, 1])
def test_nights_deliveries_and_rollbacks_do_as_people_decided(tmp_path: Path, seed: int) -> None:
    assert go(tmp_path, seed, 5)["nights"] >= 5


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_many_nights_deliveries_and_rollbacks_do_as_people_decided(tmp_path: Path) -> None:
    figures, number = Counter[str](), scaled(40)
    for seed in range(number):
        figures.update(go(tmp_path / f"{seed}", seed + 2, 50))
    assert figures["nights"] >= number * 5
    print(f"\n{number} orders of 50 steps: {dict(figures)}; 0 put back, every addition spread")
