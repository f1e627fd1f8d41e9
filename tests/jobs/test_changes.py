"""What `changes` tells is what happened in the account, whoever did it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.plan_factory import account, carried_out, contact_tags, migration

from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.errors import UsageError
from leverkit.history.catch_up import take_reading, take_runs
from leverkit.history.ledger import Ledger
from leverkit.jobs.changes import Changes, changes
from leverkit.jobs.ledger import reading_of
from leverkit.migration.run import Run
from leverkit.snapshot.pull import pull

HOUR = 3_600_000
Pairs = set[tuple[str, str]]


class Nights:
    """An account that is read into a folder of its own, each reading and run an hour after the one before."""

    def __init__(self, folder: Path, emulated: Running, lever: Lever) -> None:
        self.folder, self.emulated, self.lever = folder, emulated, lever
        self.hours = 0
        self.ours: Pairs = set()
        self.read()

    def later(self, at_ms: int) -> int:
        return at_ms + self.hours * HOUR

    def read(self) -> None:
        self.hours += 1
        snapshot = pull(self.folder / "snapshot", lever=self.lever)
        reading = reading_of(snapshot, frozenset(self.emulated.state()["deleted"]))
        with Ledger.open(self.folder) as ledger:
            later = msgspec.structs.replace(reading, taken_at=self.later(reading.taken_at))
            assert not take_reading(ledger, later, max_found_removals=100_000).refused

    def migrate(self) -> None:
        self.hours += 1
        plan = migration(self.emulated, self.lever)
        folder = self.folder / "runs" / plan.short
        carried_out(plan, folder, self.lever)
        run = Run.open(folder).writes()
        writes = tuple(write._replace(at_ms=self.later(write.at_ms)) for write in run.writes)
        with Ledger.open(self.folder) as ledger:
            take_runs(ledger, [msgspec.structs.replace(run, writes=writes)])
        self.ours |= {(op.opportunity, op.tag) for op in plan.operations}

    def taggings(self) -> Pairs:
        """What an account that is not anonymized has, by the emulator itself."""
        rows = self.emulated.do(
            lambda account: [(row.id, row.tags) for row in account.rows.values() if not row.anonymized]
        )
        return {(id, tag) for id, tags in rows for tag in tags}

    def active(self) -> list[str]:
        state = self.emulated.state()
        return sorted(state["opportunities"].keys() - state["archived"].keys())

    def found(self, *, since: str | None = "1970-01-01", tags: tuple[str, ...] = ()) -> Changes:
        return changes(self.folder / "snapshot", since=since, until="2100-01-01", tags=tags)


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    with account(contacts=40) as (emulated, lever):
        yield Nights(tmp_path, emulated, lever)


def by_kind(found: Changes) -> dict[str, Pairs]:
    groups = found.taggings.groupby("kind")
    return {str(kind): set(zip(rows["opportunity"], rows["tag"], strict=True)) for kind, rows in groups}


def net(found: Changes) -> tuple[Pairs, Pairs]:
    """The taggings that were added and removed, by the frames."""
    kinds = by_kind(found)
    added = set[tuple[str, str]]().union(
        *(pairs for kind, pairs in kinds.items() if kind.startswith(("added", "came")))
    )
    removed = set[tuple[str, str]]().union(
        *(pairs for kind, pairs in kinds.items() if kind.startswith(("removed", "went")))
    )
    return added, removed


def agree_on(seed: int, folder: Path) -> int:
    """Let an account change for some nights; compare what is told with what happened, and count it."""
    dice = random.Random(seed)
    with account(contacts=40, seed=seed, humans_seed=seed) as (emulated, lever):
        nights = Nights(folder, emulated, lever)
        before, contacts = nights.taggings(), emulated.state()["contacts"]
        for night in range(3):
            emulated.work(dice.randrange(30))
            if night == 1:
                nights.migrate()
            emulated.work(dice.randrange(30))
            emulated.anonymize(dice.choice(nights.active()))
            if night == 2:
                tag = max(emulated.state()["tags"].items(), key=lambda each: each[::-1])[0]
                emulated.human("rename_tag", tag=tag, into="renamed")
                before = {(id, "renamed" if old == tag else old) for id, old in before}
                nights.ours = {(id, "renamed" if old == tag else old) for id, old in nights.ours}
            nights.read()
        after, now = nights.taggings(), emulated.state()["contacts"]
        found = nights.found()
    assert net(found) == (after - before, before - after)
    assert by_kind(found).get("added_by_us", set()) == nights.ours & (after - before)
    became = found.opportunities.groupby("became")["opportunity"].agg(set)
    tagged = {id for id, _ in after}
    assert tagged - contacts.keys() <= became.get("new opportunity", set())
    assert {id for id in tagged & contacts.keys() if now[id] != contacts[id]} <= became.get("moved", set())
    assert list(found.renames["now"]) == ["renamed"]
    return len(found.taggings)


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_the_net_of_what_the_account_knows_itself(seed: int, tmp_path: Path) -> None:
    assert agree_on(seed, tmp_path) > 0


def pair_of(nights: Nights) -> list[str]:
    """The opportunities of the first contact with two or more."""
    contacts = nights.emulated.state()["contacts"]
    siblings = [
        sorted(id for id in contacts if contacts[id] == contact) for contact in sorted(set(contacts.values()))
    ]
    return next(ids for ids in siblings if len(ids) > 1)


def test_changes_say_which_tag_is_still_being_split_and_since_when(nights: Nights) -> None:
    one, *others = pair_of(nights)
    nights.read()
    nights.emulated.add_tags(one, ["from an integration"])
    nights.read()
    contact = nights.emulated.state()["contacts"][one]
    nights.emulated.create(contact, origin="sourced", tags=["on file"])
    nights.read()
    found = nights.found()
    rows = found.tags.set_index("tag")
    assert rows.loc["from an integration", ["split", "lacking"]].tolist() == [2, len(others) + 1]
    assert rows.loc["on file", "split"] == 1
    assert found.headline.startswith("Tags are still being split: 4 times since ")
    assert found.headline.endswith(", most often 'from an integration' (2)")
    assert found.origins.set_index("origin").loc["sourced", "new_opportunities"] == 1
    assert found.readings["split"].tolist()[:2] == [0, 1]
    nights.read()
    assert "none since" in nights.found().headline
    assert nights.found(since=None).headline.startswith("No tag was split in 1 reading")


def test_after_one_reading_the_page_claims_nothing_about_splits(nights: Nights) -> None:
    found = nights.found(since=None)
    page = found.to_html(nights.folder / "changes.html").read_text(encoding="utf-8")
    assert "the next pull shows what changed" in page
    assert "Nothing to compare yet" in page
    assert "No tag was split" not in page


def test_a_tag_that_is_planned_as_contact_is_what_is_looked_at(nights: Nights) -> None:
    one, *_ = pair_of(nights)
    with Ledger.open(nights.folder) as ledger:
        ledger.consider([], {"vip": "contact"})
    nights.emulated.add_tags(one, ["vip", "for this candidacy"])
    nights.read()
    assert set(nights.found().splits["tag"]) == {"vip"}
    named = nights.found(tags=("for this candidacy",))
    assert set(named.splits["tag"]) == set(named.taggings["tag"]) == {"for this candidacy"}


def test_what_we_wrote_to_an_opportunity_that_no_reading_saw_is_not_told(nights: Nights) -> None:
    one = pair_of(nights)[0]
    nights.emulated.add_tags(one, contact_tags(nights.emulated)[:1])
    contact = nights.emulated.state()["contacts"][one]
    seen, unseen = (nights.emulated.create(contact) for _ in range(2))
    nights.migrate()
    assert {id for id, _ in nights.ours} >= {seen, unseen}
    nights.emulated.delete(unseen)
    nights.read()
    ours = {id for id, _ in by_kind(nights.found())["added_by_us"]}
    assert (seen in ours, unseen in ours) == (True, False)
    assert set(nights.found().runs["added_by_us"]) == {
        len({pair for pair in nights.ours if pair[0] != unseen})
    }


def test_the_first_reading_says_that_the_next_one_will_tell(nights: Nights) -> None:
    found = nights.found()
    assert (found.differs, len(found.tags), len(found.sections())) == (False, 0, 2)
    assert "the next pull shows" in found.headline


@pytest.mark.parametrize(
    ("dates", "why"), [({"since": "March"}, "not a date"), ({"until": "1999-01-01"}, "so early")]
)
def test_a_date_that_says_nothing_is_refused(nights: Nights, dates: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        changes(nights.folder / "snapshot", **dates)


def test_a_snapshot_that_the_ledger_did_not_take_in_is_refused(nights: Nights) -> None:
    with pytest.raises(UsageError, match="did not take in"):
        changes(nights.folder / "snapshot")


def test_an_account_without_a_ledger_is_refused(nights: Nights, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no ledger yet"):
        changes(pull(tmp_path / "elsewhere" / "snapshot", lever=nights.lever))


def test_two_snapshots_from_before_the_ledger_are_compared_as_they_are(
    nights: Nights, tmp_path: Path
) -> None:
    old = pull(tmp_path / "old" / "snapshot", lever=nights.lever)
    before, (one, other, *_) = nights.taggings(), pair_of(nights)
    tag = next(iter(nights.emulated.state()["opportunities"][other]), "another")
    nights.emulated.add_tags(one, ["brand new"])
    nights.emulated.remove_tags(other, [tag])
    arrived = nights.emulated.create(tags=["brand new"])
    new = pull(tmp_path / "new" / "snapshot", lever=nights.lever)
    found = changes(new, old)
    rows = {(row.opportunity, row.tag) for row in found.taggings.itertuples()}
    assert rows == before ^ nights.taggings() >= {(one, "brand new"), (arrived, "brand new")}
    assert (found.since.taken_at, found.until.taken_at) == (old.taken_at, new.taken_at)
    with pytest.raises(UsageError, match=r"the reading is older|the end is before the beginning"):
        changes(old, new)
    with pytest.raises(UsageError, match="no ledger yet"):
        changes(new)


def test_what_our_runs_wrote_between_two_snapshots_is_told_as_ours(nights: Nights, tmp_path: Path) -> None:
    old = pull(tmp_path / "old", lever=nights.lever)
    plan = migration(nights.emulated, nights.lever)
    carried_out(plan, nights.folder / "runs" / "before", nights.lever)
    new = pull(nights.folder / "later", lever=nights.lever)
    assert set(changes(new, old).taggings.kind) == {"added_by_us"}
    assert len(changes(new, old).taggings) == len(plan.operations)


def test_snapshots_of_two_accounts_are_not_compared(nights: Nights, tmp_path: Path) -> None:
    mine = pull(tmp_path / "mine", lever=nights.lever)
    with account(contacts=20, seed=99) as (_, lever):
        other = pull(tmp_path / "other", lever=lever)
    with pytest.raises(UsageError, match="of another account"):
        changes(other, mine)


def test_the_page_and_the_json_hold_what_changed_and_no_markup_of_tags(nights: Nights) -> None:
    one, other, *_ = pair_of(nights)
    nights.emulated.add_tags(one, ["<b>vip</b>"])
    nights.emulated.merge(*sorted(set(nights.emulated.state()["contacts"].values()))[:2])
    nights.read()
    nights.emulated.remove_tags(other, nights.emulated.state()["opportunities"][other][:1])
    nights.read()
    found = nights.found()
    page = found.to_html(nights.folder / "changes.html", anonymise=True).read_text()
    assert "&lt;b&gt;vip" in page
    assert "<b>vip" not in page
    assert one not in page
    rows = (nights.folder / "changes-splits.csv").read_text(encoding="utf-8-sig")
    assert (rows.count("<b>vip</b>"), rows.count(one)) == (len(found.splits), 0)
    document = json.loads(found.to_json())
    assert [row["tag"] for row in document["splits"]] == ["<b>vip</b>"]
    assert len(document["taggings"]) == len(found.taggings) > 1
    assert document["until"]["number"] == 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3, 53))
def test_changes_are_the_net_of_fifty_accounts(seed: int, tmp_path: Path) -> None:
    assert agree_on(seed, tmp_path) > 0
