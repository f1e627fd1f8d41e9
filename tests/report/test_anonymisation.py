"""People appear as links into Lever, or as ids that are stable within an account and cannot be looked up."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.errors import UsageError
from leverkit.report.anonymisation import LENGTH, SALT, PersonDisplay
from leverkit.report.html import table

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def people(folder: Path, salt: bytes = FIRST) -> PersonDisplay:
    folder.mkdir(exist_ok=True)
    return PersonDisplay.of(folder, anonymise=True, make=lambda: salt)


def test_a_link_is_the_one_that_lever_s_api_names() -> None:
    assert PersonDisplay().link(ONE) == f"https://hire.lever.co/candidates/{ONE}"


def test_an_account_of_the_sandbox_links_to_the_sandbox(tmp_path: Path) -> None:
    assert (
        PersonDisplay.of(tmp_path, api="api.sandbox.lever.co")
        .link(ONE)
        .startswith("https://hire.sandbox.lever.co/")
    )
    assert not (tmp_path / SALT).exists()


def test_a_person_has_the_same_id_in_every_report_of_an_account(tmp_path: Path) -> None:
    assert people(tmp_path).name(ONE) == people(tmp_path, SECOND).name(ONE)
    assert people(tmp_path).name(ONE) != people(tmp_path).name(OTHER)
    assert len(people(tmp_path).name(ONE)) == LENGTH


def test_without_the_salt_nobody_can_tell_whose_id_it_is(tmp_path: Path) -> None:
    assert people(tmp_path / "a").name(ONE) != people(tmp_path / "b", SECOND).name(ONE)
    assert people(tmp_path / "a").name(ONE) not in ONE
    assert (tmp_path / "a" / SALT).stat().st_mode & 0o777 == 0o600


def test_anonymised_people_have_no_link(tmp_path: Path) -> None:
    assert people(tmp_path).link(ONE) == ""


@pytest.mark.parametrize("content", ["", "00", "no hex"])
def test_a_damaged_salt_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / SALT).write_text(content)
    with pytest.raises(UsageError, match="remove it"):
        people(tmp_path)


def test_a_folder_that_cannot_keep_a_salt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used as salt"):
        PersonDisplay.of(tmp_path / "nowhere", anonymise=True)


def test_a_table_leads_from_its_opportunities_to_lever() -> None:
    frame = pd.DataFrame({"contact": [OTHER], "opportunity": [ONE], "tag": ["vip"]})
    text = table(**PersonDisplay().table_arguments(frame, 5))
    assert f'<a href="https://hire.lever.co/candidates/{ONE}" rel="noopener noreferrer">11111111</a>' in text
    assert OTHER not in text


def test_an_address_from_an_account_is_escaped() -> None:
    frame = pd.DataFrame({"contact": ["a"], "opportunity": ['"><script>'], "tag": ["vip"]})
    assert "<script" not in table(**PersonDisplay().table_arguments(frame, 5))


def test_a_report_links_contacts_to_their_newest_opportunity(tmp_path: Path) -> None:
    rows = [Row(ONE, ["vip"], id="8d5cbba0"), Row(ONE, day=1, id="9e6dccb1")]
    folder = write_snapshot(tmp_path / "s", rows, host="api.lever.co")
    page = audit(folder).to_html(tmp_path / "audit.html").read_text()
    assert page.count("<a ") == 2  # in the picture of one person, and in the table
    assert 'href="https://hire.lever.co/candidates/9e6dccb1"' in page


def test_an_emulated_account_has_no_pages_to_link_to_and_says_demo(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "s", [Row(ONE, ["vip"]), Row(ONE, day=1)])
    page = audit(folder).to_html(tmp_path / "audit.html").read_text()
    assert "<a " not in page
    assert "lever.co" not in page
    assert re.search(r"DEMO, invented people on this computer\. Account 0123456789ab, as of [\d-]{10} ", page)


def test_an_anonymised_report_holds_no_id_and_no_link(tmp_path: Path) -> None:
    folder = write_snapshot(
        tmp_path / "s", [Row(ONE, ["vip"], id="8d5cbba0"), Row(ONE, day=1, id="9e6dccb1")]
    )
    facts = audit(folder)
    page = facts.to_html(tmp_path / "audit.html", anonymise=True).read_text()
    page += facts.contact(ONE, anonymise=True)._repr_html_()
    table_arguments = PersonDisplay.of(folder, anonymise=True)
    assert page.count(table_arguments.name(ONE)) == 4  # picture, table, and caption and label of the matrix
    assert [text for text in (ONE[:8], "9e6dccb1", "<a ", table_arguments.salt.hex()) if text in page] == []
