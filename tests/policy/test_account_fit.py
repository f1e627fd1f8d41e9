"""A decision is about the tag that it stands beside, or nothing is planned by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.snapshot_factory import Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.errors import UsageError
from leverkit.planning.planner import plan
from leverkit.policy.account_fit import Figures, misplaced
from leverkit.policy.decision import COUNTS, Decision
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("fit") / "snapshot"
    write_generated(folder, contacts=150, seed=3)
    return Snapshot.open(folder)


@pytest.fixture(scope="module")
def decided(account: Snapshot) -> Policy:
    rows = Policy.suggest(audit(account)).decisions
    return Policy(tuple(replace(row, scope="ignore", decided_by="ada") for row in rows), "policy.csv")


def with_evidence(policy: Policy, donors: list[int]) -> Policy:
    """Return the policy with the evidence of other rows: row n has that of row donors[n]."""
    rows = policy.decisions
    return replace(
        policy,
        decisions=tuple(
            replace(row, evidence=rows[n].evidence) for row, n in zip(rows, donors, strict=False)
        ),
    )


def test_the_evidence_of_a_suggestion_fits_its_snapshot(account: Snapshot, decided: Policy) -> None:
    decided.require_fit(account)
    assert [row.tag for row in decided.decisions if not row.evidence] == []


@pytest.mark.parametrize("habit", ["sorted alone", "a cell deleted upwards", "a paste one row off"])
def test_rows_that_hold_the_evidence_of_other_tags_are_refused(
    account: Snapshot, decided: Policy, habit: str
) -> None:
    rows = decided.decisions
    many = range(len(rows))
    donors = {
        "sorted alone": sorted(many, key=lambda n: rows[n].tag),
        "a cell deleted upwards": [n + (n >= 4) for n in many][:-1],
        "a paste one row off": [n - (2 <= n <= 6) for n in many],
    }[habit]
    spoilt = with_evidence(decided, donors)
    for refused in (spoilt.check, lambda snapshot: plan(snapshot, spoilt)):
        with pytest.raises(UsageError, match=r"policy\.csv: the evidence in \d+ decided rows? is"):
            refused(account)


def test_misplaced_rows_are_not_hidden_by_new_evidence(
    account: Snapshot, decided: Policy, tmp_path: Path
) -> None:
    spoilt = with_evidence(decided, [*range(1, len(decided.decisions)), 0])
    spoilt.write(tmp_path / "policy.csv")
    with pytest.raises(UsageError, match="is that of other tags"):
        Policy.suggest(audit(account)).write(tmp_path / "policy.csv")


FIGURES = st.lists(st.integers(30, 400), min_size=8, max_size=20, unique=True)


@settings(deadline=None, max_examples=50)
@given(FIGURES)
def test_an_account_that_has_grown_since_is_not_taken_for_a_moved_column(sizes: list[int]) -> None:
    now: dict[str, Figures] = {f"tag {n}": (size, size - 2, 20, 5, 30, n) for n, size in enumerate(sizes)}
    grown = [Decision(tag, "contact", evidence=evidence(figures, less=7)) for tag, figures in now.items()]
    assert misplaced(grown, now) == []


def test_a_column_that_was_moved_is_noticed_though_the_account_has_grown_since() -> None:
    now: dict[str, Figures] = {f"tag {n}": (3**n, 3**n, 1, 1, 1, n) for n in range(10)}
    donors = list(now.values())[::-1]
    pairs = zip(now, donors, strict=True)
    rows = [Decision(tag, "contact", evidence=evidence(donor, less=1)) for tag, donor in pairs]
    assert len(misplaced(rows, now)) > len(rows) // 2


def evidence(figures: Figures, *, less: int) -> dict[str, int]:
    return {
        name: value - (name == "opportunities") * less for name, value in zip(COUNTS, figures, strict=True)
    }


def test_contact_tags_that_are_nowhere_are_named_with_what_may_be_meant(tmp_path: Path) -> None:
    rows = [Row("ann", ("Mar 1, 2024", "Work permit", "Café owner"), id="a1"), Row("ann", (), id="a2")]
    account = Snapshot.open(write_snapshot(tmp_path / "s", rows))
    typed = ["Work permit", "03/01/2024", "work  permit ", "Cafe\u0301 owner", "unheard of"]
    made = plan(account, Policy(tuple(Decision(tag, "contact") for tag in typed)), max_pct=None)
    assert made.warnings[0] == (
        "4 contact tags are not in the snapshot, nothing is planned for them: "
        "'03/01/2024' (did you mean 'Mar 1, 2024'?), 'work  permit ' (did you mean 'Work permit'?), "
        "'Cafe\u0301 owner' (did you mean 'Café owner'?) and 1 more"
    )
    assert len(made.operations) == 1


def file(tmp_path: Path, text: str, encoding: str) -> Path:
    path = tmp_path / "policy.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("tag", "page"),
    [("就労 許可", "cp932"), ("Нужна виза", "cp1251"), ("Čeština", "cp1250"), ("größer", "mac_roman")],
)
def test_a_file_in_another_code_page_is_refused_and_never_written(
    tmp_path: Path, tag: str, page: str
) -> None:
    account = Snapshot.open(write_snapshot(tmp_path / "s", [Row("ann", (tag,)), Row("ann")]))
    path = file(tmp_path, f"tag,scope\r{tag},contact\rplain,\r", page)
    before = path.read_bytes()
    for refused in (
        lambda: plan(account, Policy.read(path)),
        lambda: Policy.suggest(audit(account)).write(path),
        lambda: Policy.edit(path, lambda policy: policy),
    ):
        with pytest.raises(UsageError, match=r"not UTF-8.*save it as CSV UTF-8"):
            refused()
    assert path.read_bytes() == before


def test_a_western_code_page_is_read_where_the_account_has_the_tags(tmp_path: Path) -> None:
    account = Snapshot.open(write_snapshot(tmp_path / "s", [Row("ann", ("größer",)), Row("ann")]))
    path = file(tmp_path, "tag;scope\r\ngrößer;contact\r\n", "cp1252")
    assert len(plan(account, Policy.read(path), max_pct=None).operations) == 1
    Policy.suggest(audit(account)).write(path)
    assert Policy.read(path).scopes == {"größer": "contact"}
