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
@pytest.mark.parametrize("quarter", range(4))
def test_many_nights_deliveries_and_rollbacks_do_as_people_decided(tmp_path: Path, quarter: int) -> None:
    figures, seeds = Counter[str](), range(2 + quarter, 2 + max(4, scaled(40)), 4)
    for seed in seeds:
        figures.update(go(tmp_path / f"{seed}", seed, 50))
    assert figures["nights"] >= len(seeds) * 5
    print(f"\n{len(seeds)} orders of 50 steps: {dict(figures)}; 0 put back, every addition spread")
