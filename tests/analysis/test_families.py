"""Tags of one template are a family, in any language; too few tags, or opposite ones by chance, are none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_text import any_text

from leverkit.analysis.families import LABELLED, LARGE, NAMED, TOGETHER, families, fits

FAMILIES = {
    "gdpr-consent:*": ["gdpr-consent:2020", "gdpr-consent:2021", "GDPR consent: withdrawn"],
    "score=*": ["score=1", "score=high", "score={2-5}"],
    "[HR] *": ["[HR] ring back", "[HR] relocates", "[HR] late"],
    "紹介:*": ["紹介：田中", "紹介：鈴木", "紹介：佐藤"],
    "KubeCon leads *": ["KubeCon leads 2022", "KubeCon leads Q3 2023"],
    "* push": ["Q3 push", "Jan 2023 push", "1Q22 push", "FY'24 push"],
    "Batch *": ["Batch 3", "batch-4", "Batch 7f3a9c"],
    "Newsletter *": ["Newsletter März", "Newsletter avril", "Newsletter 2022-W12"],
    "Kampagne *": ["Kampagne KW 3", "Kampagne KW 14 2022"],
    "* раунд": ["1 раунд", "2 раунд"],
    "کمپین *": ["کمپین ۱۴۰۰", "کمپین ۱۴۰۱"],
    "*批候选人": ["第3批候选人", "第四批候选人"],
    "Talent pool *": ["Talent pool A", "Talent pool B"],
    "Round *": ["Round I", "Round IV"],
    "Q*": ["Q1", "Q2"],
    "Referred by *": ["Referred by Anna Schmidt", "Referred by Tom", "referred by Li", "Referred by Zoë"],
    "Speaks *": ["Speaks German", "Speaks Tamil", "Speaks Polish", "Speaks Hausa"],
    "* leads *": ["PyFair leads 2021", "GoDays leads 2022", "Rustweek leads 2019", "OpsDay leads 2020"],
    "silver-*": ["silver-medal", "silver-tier", "silver-pool", "silver-list"],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_tags_of_one_template_are_a_family(family: str) -> None:
    tags = FAMILIES[family]
    assert families([*tags, "Veteran", "Onsite"]) == dict.fromkeys(tags, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_member_fits_its_family_and_other_tags_do_not(family: str) -> None:
    assert all(fits(tag, family) for tag in FAMILIES[family])
    assert not fits("Veteran", family)


@pytest.mark.parametrize(
    "tags",
    [
        ["2021", "2022", "12345"],
        ["Onsite 🟢", "Onsite 🔴"],
        [">5 years", "<5 years"],
        ["Not Local", "Not Hired", "Not Available", "Not Qualified"],
        ["no-show", "no-degree", "no-visa", "no-relocation"],
        ["gdpr:yes", "gdpr:no"],
        ["Batch 3", "batch 3", "Batch-3"],
        ["Phone screen", "Phone call", "Phone number", "Phone missing"],
        ["Open to travel", "Open to relocation", "Open to contract"],
    ],
)
def test_too_few_or_unlike_tags_are_no_family(tags: list[str]) -> None:
    assert families(tags) == {}


def test_a_label_on_most_tags_of_a_large_account_is_no_family() -> None:
    imported = [f"imported:{chr(97 + n % 26)}{chr(97 + n // 26)}x" for n in range(LARGE)]
    assert families([*imported, "imported:batch 1", "imported:batch 2"]) == {
        "imported:batch 1": "imported:batch *",
        "imported:batch 2": "imported:batch *",
    }


def test_tags_that_come_together_are_a_family_if_they_have_no_template() -> None:
    found = families(
        ["synced", "enriched", "scored", "Round 1", "Round 2"],
        together=[("scored", "synced"), ("enriched", "synced"), ("scored", "Round 1"), ("scored", "gone")],
    )
    assert found == {
        **dict.fromkeys(("synced", "enriched", "scored"), TOGETHER + "enriched"),
        **dict.fromkeys(("Round 1", "Round 2"), "Round *"),
    }
    assert all(fits(tag, family) for tag, family in found.items())


def test_a_star_in_a_tag_is_no_placeholder() -> None:
    tags = ["a*b 1", "a＊b 2"]
    assert families([*tags, "axb 3"]) == dict.fromkeys(tags, "a∗b *")
    assert fits("a*b 7", "a∗b *")
    assert not fits("axb 7", "a∗b *")


HOSTILE = st.text(st.sampled_from("aB1٣ :=/-_*\\\0[]\u202e\u0301🟢中の½\t\n"), max_size=12)


@given(st.lists(HOSTILE | any_text(max_size=300), max_size=25))
def test_any_texts_have_families_that_they_fit_in_any_order(tags: list[str]) -> None:
    found = families(tags)
    assert found == families(sorted(tags, reverse=True))
    assert found.keys() <= set(tags)
    assert all(family.strip() == family and fits(tag, family) for tag, family in found.items())
    assert all(list(found.values()).count(family) > 1 for family in found.values())


def test_thousands_of_long_tags_keep_their_families() -> None:
    rng = random.Random(5)
    noise = ["".join(rng.choice("ab 1-:/é中") for _ in range(400)) for _ in range(300)]
    tags = [f"pool {n}" for n in range(LABELLED + NAMED)]
    assert {families([*noise, *tags])[tag] for tag in tags} == {"pool *"}
