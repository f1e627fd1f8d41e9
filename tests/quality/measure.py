"""Measure the suggestions on accounts of many kinds against their truth: `make measure`.

Each kind of account is measured with weights that were fitted without it, on seeds that nothing was
chosen on.
Prints Markdown for docs/suggestions.md.
`PYTHONPATH=tests python -m quality.measure [SEEDS] [FIRST SEED] [KIND]`.
"""

from __future__ import annotations

import sys
import tempfile
from multiprocessing import Pool
from pathlib import Path

from quality.decisions import decisions
from quality.figures import SURE, Account, Judged, calibration, heading, line
from quality.firm_kinds import FORM_KINDS, KINDS
from quality.fit import SEEDS, every_example, fit
from quality.settings import SETTINGS

from leverkit.analysis.audit import Audit, audit
from leverkit.analysis.tag_families import tag_families
from leverkit.policy.scope.weights import Weights
from leverkit.policy.suggestion import suggest

HELD_OUT = 1000
AMBIGUOUS = (
    "… and persons' on one only", "candidacies very alike", "… and very alike", "tags for a period",
    "returning people tagged twice as much", "integrations only", "answers that people repeat",
)  # fmt: skip


def judged(name: str, seed: int, weights: Weights) -> Account:
    """Make an account and compare its suggestions with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        truth = SETTINGS[name](Path(folder) / "s", seed=seed)
        return _compared(audit(Path(folder) / "s"), truth, weights)


def _compared(facts: Audit, truth: dict[str, str], weights: Weights) -> Account:
    families = tag_families(facts)
    found = suggest(facts, families=families, weights=weights)
    rows = [
        Judged(found[tag].scope, found[tag].confidence, truth[tag], int(used), int(missing))
        for tag, used, missing in zip(
            facts.tags["tag"], facts.tags["opportunities"], facts.tags["missing"], strict=True
        )
    ]
    acts = decisions(
        facts, families, truth,
        lambda decided: suggest(facts, families=families, decided=decided, weights=weights),
    )  # fmt: skip
    return Account(rows, acts)


def main(count: int = 3, first: int = HELD_OUT, only: str = "") -> None:
    """Print a row for each kind and for each family of kinds, and the calibration over all."""
    print(f"Seeds {first} to {first + count - 1}, suggestions with confidence >= {SURE}:\n\n{heading()}")
    examples = every_example(range(SEEDS))
    measured: dict[str, list[Account]] = {}
    with Pool(2) as pool:
        for name in [name for name in SETTINGS if only in name]:
            weights = fit(examples, without=name)
            jobs = [(name, seed, weights) for seed in range(first, first + count)]
            measured[name] = pool.starmap(judged, jobs, 1)
            print(line(name, measured[name]), flush=True)
    for title, names in _families().items():
        if accounts := [account for name in names for account in measured.get(name, ())]:
            print(line(f"**{title}**", accounts))
    rows = [row for accounts in measured.values() for account in accounts for row in account.rows]
    print("", *calibration(rows), sep="\n")


def _families() -> dict[str, list[str]]:
    """Return the names of the kinds by family; those that mislead by themselves."""
    hard = ("adversarial", "adversarial forms", *AMBIGUOUS)
    families = {"firms": KINDS, "firms with forms": FORM_KINDS}
    families |= {"older kinds": SETTINGS.keys() - KINDS.keys() - FORM_KINDS.keys()}
    told = {name: [kind for kind in kinds if kind not in hard] for name, kinds in families.items()}
    return told | {"adversarial and ambiguous": list(hard), "all": list(SETTINGS)}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])
