"""The write probes: one opportunity is written to, its tags are put back, and a record is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.contract_check import MARKER, parts, refuted, some_user, taggable, written

from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.writing import answers, session
from leverkit.doctor.contract.writing.record import RecordKeeper
from leverkit.doctor.contract.writing.session import Target, write_probes
from leverkit.doctor.contract.writing.step import Subject, Write, WriteProbing
from leverkit.doctor.contract.writing.texts import MANY
from leverkit.doctor.contract.writing.writer import ProbeWriter
from leverkit.emulator import Running, running
from leverkit.errors import LeverkitError, UsageError


def tags_in_order(account: Running, opportunity: str) -> list[str]:
    found: list[str] = account.do(lambda held: list(held.rows[opportunity].tags))
    return found


def test_an_account_that_does_as_we_believe_refutes_nothing_and_is_left_as_it_was(tmp_path: Path) -> None:
    with running(contacts=60, rate=None) as account:
        subject, before = taggable(account), account.state()
        order = tags_in_order(account, subject)
        outcomes = written(account, tmp_path, subject)
        assert account.state() == before
        assert tags_in_order(account, subject) == order
        log = [entry for entry in account.log() if entry["method"] != "GET"]
    assert refuted(outcomes) == {}
    assert sum(outcome.verdict == "confirmed" for outcome in outcomes) > 25
    assert {entry["path"].split("/")[2] for entry in log} == {subject}
    record = json.loads((tmp_path / "test-opportunity.json").read_text())
    assert (record["opportunity"], record["before"], record["put_back"]) == (subject, order, True)
    assert len(record["writes"]) == len(log)


@pytest.mark.parametrize("lock", ["skip", 400, 403])
def test_an_account_that_takes_no_new_tags_is_told_and_nothing_is_tried(
    tmp_path: Path, lock: str | int
) -> None:
    with running(contacts=30, rate=None, tag_lock=lock) as account:
        outcomes = written(account, tmp_path, taggable(account))
    assert refuted(outcomes) == {"tag_lock": lock}
    assert {outcome.verdict for outcome in outcomes if outcome.key == "max_tags"} == {"not tried"}


def test_an_account_that_needs_a_user_says_which_variable_names_one(tmp_path: Path) -> None:
    with running(contacts=30, rate=None, perform_as="required") as account:
        outcomes = written(account, tmp_path, taggable(account), perform_as=None)
    assert refuted(outcomes) == {"perform_as": "required"}
    assert any("LEVER_PERFORM_AS" in outcome.found for outcome in outcomes if outcome.key == "max_tags")


def test_an_opportunity_that_the_check_creates_is_archived_and_has_no_tags(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account:
        before = account.state()
        outcomes = {outcome.key: outcome for outcome in written(account, tmp_path, None)}
        after = account.state()
    (made,) = after["opportunities"].keys() - before["opportunities"].keys()
    assert made in after["archived"]
    assert after["opportunities"][made] == []
    assert {key: after["opportunities"][key] for key in before["opportunities"]} == before["opportunities"]
    assert outcomes["created_answer"].verdict == outcomes["created_bump"].verdict == "confirmed"


def test_tags_are_put_back_after_an_interruption_or_by_the_next_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with running(contacts=30, rate=None) as account:
        subject, before = taggable(account), account.state()
        monkeypatch.setattr("leverkit.doctor.contract.writing.answers._times", interrupted)
        with pytest.raises(KeyboardInterrupt):
            written(account, tmp_path, subject)
        assert account.state() == before
        monkeypatch.undo()
        account.add_tags(subject, [f"{MARKER}-left"])  # as a kill leaves it
        record = tmp_path / "test-opportunity.json"
        record.write_text(record.read_text().replace('"put_back": true', '"put_back": false'))
        with pytest.raises(UsageError, match="another test opportunity"):
            written(account, tmp_path, next(other for other in before["contacts"] if other != subject))
        written(account, tmp_path, subject)
        assert account.state() == before


KILLED_AT: dict[str, Callable[[Write], bool]] = {
    "a tag is added": lambda write: write.verb == "addTags",
    "a tag of the posting is off": lambda write: write.verb == "removeTags" and "00-" not in str(write.body),
    "it is archived": lambda write: write.verb == "archived",
    "many tags are added": lambda write: write.verb == "addTags" and len(write.body["tags"]) == MANY,
}


@pytest.mark.parametrize(
    ("moment", "named"), [*((moment, True) for moment in KILLED_AT), ("a tag is added", False)]
)
def test_the_next_check_puts_back_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, named: bool
) -> None:
    with running(contacts=30, rate=None) as account:
        before, subject = account.state(), taggable(account) if named else None
        with monkeypatch.context() as patched:
            killed_check(account, Target(subject, tmp_path, "00-leverkit-check-dead"), moment, patched)
        written(account, tmp_path, subject)
        after = account.state()
    made = after["opportunities"].keys() - before["opportunities"].keys()
    assert [after["opportunities"].pop(each) for each in made] == [[]] * (not named)
    assert after["opportunities"] == before["opportunities"]
    assert {*after["archived"]} == {*before["archived"], *made}


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_opportunity_whose_creation_was_never_answered_is_found_or_made_by_the_next_check(
    tmp_path: Path, when: str
) -> None:
    with running(contacts=30, rate=None) as account:
        before = account.state()
        account.fault("reset", method="POST", path="/opportunities", when=when)
        with pytest.raises(LeverkitError, match="no test opportunity could be created"):
            written(account, tmp_path, None)
        with pytest.raises(UsageError, match="without --test-opportunity it is looked for"):
            written(account, tmp_path, taggable(account))
        written(account, tmp_path, None)
        after = account.state()
    (made,) = after["opportunities"].keys() - before["opportunities"].keys()
    assert made in after["archived"]
    assert after["opportunities"][made] == []


def test_a_refused_creation_leaves_nothing_to_look_for(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account:
        account.fault("status", status=403, method="POST", path="/opportunities")
        with pytest.raises(LeverkitError, match="no test opportunity could be created"):
            written(account, tmp_path, None)
        assert refuted(written(account, tmp_path, taggable(account))) == {}


def killed_check(account: Running, target: Target, moment: str, patched: pytest.MonkeyPatch) -> None:
    """Carry out write probes until a write, after which nothing is noted and nothing is put back."""

    def note(_: object, write: Write, __: object) -> None:
        if KILLED_AT[moment](write):
            raise KeyboardInterrupt

    patched.setattr(session, "_restore", lambda *_: None)
    patched.setattr(RecordKeeper, "note", note)
    made_of = parts(account, user=some_user(account))
    with ProbeWriter(ExchangeLog(250), **made_of) as writer, pytest.raises(KeyboardInterrupt):
        write_probes(writer, target)


def test_what_others_add_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(contacts=30, rate=None) as account:
        subject, before = taggable(account), account.state()["opportunities"]
        hostile = answers.hostile

        def meanwhile(of: Subject) -> WriteProbing:
            account.add_tags(subject, ["a person's"])
            return hostile(of)

        others = [
            probe._replace(ask=meanwhile) if probe.ask is hostile else probe for probe in session.OTHERS
        ]
        monkeypatch.setattr(session, "OTHERS", others)
        written(account, tmp_path, subject)
        assert account.state()["opportunities"][subject] == sorted([*before[subject], "a person's"])


def test_tags_that_could_not_be_put_back_are_an_error(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account:
        subject = taggable(account)
        account.fault("status", status=400, path="*/removeTags", times=None)
        with pytest.raises(LeverkitError, match="not as it was"):
            written(account, tmp_path, subject)
    assert json.loads((tmp_path / "test-opportunity.json").read_text())["put_back"] is False


def test_nothing_is_written_without_an_opportunity_that_is_named_and_seen(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account:
        user = some_user(account)
        with ProbeWriter(ExchangeLog(), **parts(account, user=user)) as writer:
            with pytest.raises(UsageError, match="no test opportunity"):
                writer.perform(Write("addTags", {"tags": ["x"]}))
            with pytest.raises(UsageError, match="cannot be read"):
                write_probes(writer, Target("no-such-id", tmp_path, MARKER))
        assert {entry["method"] for entry in account.log()} == {"GET"}
