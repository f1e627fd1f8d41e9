"""Pictures of markup escape what they show and are read by those who do not see them."""

from __future__ import annotations

from leverkit.report.masthead import Masthead, is_local
from leverkit.report.pictures import OneOpportunity, divided_bar, one_person


def test_a_bar_names_each_part_with_its_number_and_unit() -> None:
    bar = divided_bar({"to copy": 1200, "open": 1}, "gap")
    assert 'aria-label="1,201 gaps: 1,200 to copy, 1 open"' in bar
    assert "1,200 to copy" in bar.replace("</span> ", "")


def test_tags_in_the_picture_of_a_person_are_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>"
    drawn = one_person([OneOpportunity(evil, [evil], [evil], 2)], {evil: "#0072B2"})
    assert "<img" not in drawn
    assert "missing: &lt;img" in drawn
    assert "2 tags without a gap" in drawn


def test_a_page_says_which_account_as_of_when_and_that_it_is_emulated() -> None:
    real = Masthead("Acme", "0123", "api.lever.co", as_of="2026-01-02 03:04")
    assert real.text == "Account Acme 0123 at api.lever.co, as of 2026-01-02 03:04 UTC"
    for account in (Masthead(host="127.0.0.1"), Masthead(host="::1"), Masthead(demo=True)):
        assert account.text == "DEMO, invented people on this computer. Account without a name"
        assert "demo" in account.html
    assert not is_local("localhost.example.com")
