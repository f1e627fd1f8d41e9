"""What a reading lacks is found, or left out and named: nothing is joined that has no contact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clients import Altered, reader

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.emulator.running import Running
from leverkit.errors import Unreachable, Unreadable
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.snapshot.completeness import missed_tags
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

DAY = 86_400_000
START = 1_700_000_000_000
REASON = {"id": "r", "text": "Hired", "status": "active", "type": "hired"}
LACKING: dict[str, Any] = {"o1": {"contact": None}, "o3": {"contact": ""}, "o5": {"id": None}}


def served(folder: Path, *opportunities: dict[str, Any]) -> Any:
    """Serve opportunities of people with two each; `opportunities` are changes to the first ones."""
    folder.mkdir(exist_ok=True)
    rows = [_opportunity(number) | change for number, change in enumerate(opportunities)]
    (folder / "opportunities.json").write_text(json.dumps(rows))
    (folder / "archive_reasons.json").write_text(json.dumps([REASON]))
    return running(load=folder, rate=None)


def _opportunity(number: int) -> dict[str, Any]:
    at = START + number * DAY
    return {
        "id": f"o{number}",
        "contact": f"c{number // 2}",
        "stage": "lead-new",
        "tags": ["both"],
        "createdAt": at,
        "lastAdvancedAt": at,
    }


def take(account: Running, out: Path, fields: dict[str, Any] | None = None, page: Any = None) -> Snapshot:
    """Pull, with changes to the fields of some opportunities."""
    with reader(account, kind=lambda _: Altered(fields or {}, page)) as lever:
        return pull(out, lever=lever)


def ids(snapshot: Snapshot) -> set[str]:
    return {id for (id,) in snapshot.sql("select id from opportunities").fetchall()}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Running]:
    with served(tmp_path / "account", *({} for _ in range(8))) as found:
        yield found


def test_a_row_without_contact_or_id_is_left_out_counted_and_named(account: Running, tmp_path: Path) -> None:
    snapshot = take(account, tmp_path / "s", LACKING)
    assert ids(snapshot) == {"o0", "o2", "o4", "o6", "o7"}
    (gap,) = snapshot.meta["not_seen"]
    assert gap == "3 opportunities without a contact or an id, left out: one without an id, o1, o3"
    assert [(row["id"], row["contact"]) for row in snapshot.meta["left_out"]] == [
        ("", "c2"),
        ("o1", ""),
        ("o3", ""),
    ]
    assert snapshot.meta["completeness"]["tags_agree"], "Lever counts them too"


def test_what_has_no_contact_is_joined_with_nothing(account: Running, tmp_path: Path) -> None:
    account.add_tags("o1", ["of nobody"])
    snapshot = take(account, tmp_path / "s", LACKING)
    found = audit(snapshot)
    (gap,) = found.findings.query("code == 'LK121'").evidence
    assert "left out: one without an id, o1, o3" in gap
    made = plan(snapshot, Policy.suggest(found, accept=0.0), tmp_path / "run")
    assert not {"o1", "o3", ""} & {op.opportunity for op in made.operations}
    assert not any(op.tag == "of nobody" for op in made.operations)


def test_a_refresh_goes_on_naming_what_lacks_a_contact_until_it_has_one(
    account: Running, tmp_path: Path
) -> None:
    take(account, tmp_path / "s", LACKING)
    refreshed = take(account, tmp_path / "s", LACKING)
    assert [row["id"] for row in refreshed.meta["left_out"]] == ["", "o1", "o3"]
    account.add_tags("o1", ["seen again"])
    mended = take(account, tmp_path / "s", {"o3": {"contact": None}})
    assert [row["id"] for row in mended.meta["left_out"]] == ["", "o3"]
    assert "o1" in ids(mended)
    account.add_tags("o1", ["lost again"])
    assert "o1" not in ids(take(account, tmp_path / "s", {"o1": {"contact": None}}))


def test_what_was_created_at_an_impossible_time_is_found_and_said(tmp_path: Path) -> None:
    odd = [{"createdAt": -5, "tags": []}, {"createdAt": START * 1000, "tags": []}, *({} for _ in range(300))]
    with served(tmp_path / "account", *odd) as account:
        snapshot = take(account, tmp_path / "s")
        assert len(ids(snapshot)) == 302
        assert snapshot.meta["not_seen"] == ["when 2 opportunities were created: it is kept as 1970"]
        assert len(ids(take(account, tmp_path / "s"))) == 302
        audit(snapshot)


@pytest.mark.parametrize("opportunities", [8, 300])
def test_what_was_created_at_no_time_is_found(tmp_path: Path, opportunities: int) -> None:
    tagged = [{"tags": ["rare"]}, *({} for _ in range(opportunities - 1))]
    with served(tmp_path / "account", *tagged) as account:
        snapshot = take(account, tmp_path / "s", {"o0": {"createdAt": None}})
    assert len(ids(snapshot)) == opportunities
    assert snapshot.meta["completeness"]["tags_agree"]


def test_the_rarest_tags_are_looked_for_and_no_more_than_few_requests_allow() -> None:
    counts = {"many": (1900, 1899), "few": (150, 149), "less": (5, 7), "rare": (1, 0)}
    rows = [{"tag": tag, "listed": listed, "counted": counted} for tag, (listed, counted) in counts.items()]
    assert missed_tags(rows) == ["rare", "few"]


@pytest.mark.parametrize(
    ("fields", "page", "where"),
    [({"o1": {"tags": "both"}}, None, r"tags"), ({}, {"data": {"o1": {}}}, r"\$\.data")],
)
def test_another_form_ends_a_pull_at_once_and_names_the_field(
    account: Running, tmp_path: Path, fields: dict[str, Any], page: Any, where: str
) -> None:
    with pytest.raises(Unreadable, match=where) as caught:
        take(account, tmp_path / "s", fields, page)
    assert not isinstance(caught.value, Unreachable)
    asked = [entry for entry in account.log() if entry["path"] == "/opportunities"]
    assert 2 <= len(asked) <= 3
