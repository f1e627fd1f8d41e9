"""A hostile tag is text wherever it comes out: in pages, pictures, spreadsheets and terminals."""

from __future__ import annotations

import csv
import unicodedata
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import Audit, audit
from leverkit.cli.main import main
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "$a_$",
    r"$\frac{$",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+1+1",
    "\u202egnp.exe\u2066",
    "two\nlines\r",
    "\x1b[31mred\x07",
    "🦄 東京 مريم",
    "x" * 600,
]


class Page(HTMLParser):
    """Collect what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.acts += [tag] if tag in ("script", "iframe", "object", "link") else []
        self.acts += [name for name, _ in attrs if name.startswith("on")]
        self.acts += [
            tag for name, value in attrs if name == "src" and not str(value).startswith("data:image")
        ]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Audit an account whose tags are all hostile, and missing somewhere."""
    rows = [Row(f"c{n % 3}", HOSTILE if n < 3 else [tag + " " for tag in HOSTILE], day=n) for n in range(6)]
    return audit(write_snapshot(tmp_path_factory.mktemp("hostile"), rows))


def test_in_a_page_it_does_nothing(facts: Audit, tmp_path: Path) -> None:
    page = facts.to_html(tmp_path / "audit.html").read_text(encoding="utf-8")
    drawn = [
        page,
        facts._repr_html_(),
        facts.contact("c1")._repr_html_(),
        Policy.suggest(facts)._repr_html_(),
    ]
    assert [Page(text).acts for text in drawn] == [[]] * len(drawn)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_in_a_picture_it_is_letters(facts: Audit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        charts = [facts.coverage_chart(), facts.agreement_chart(), facts.spellings_chart()]
    assert all(chart.png.startswith(b"\x89PNG") for chart in charts)
    assert not any(Page(chart.html()).acts for chart in charts)


def test_in_a_spreadsheet_it_is_no_formula_and_comes_back_as_it_was(facts: Audit, tmp_path: Path) -> None:
    policy = Policy.suggest(facts).decide(dict.fromkeys(HOSTILE, "contact"), by="ada")
    policy.write(tmp_path / "policy.csv")
    plan(facts.snapshot, policy, tmp_path / "run", max_pct=None)
    for file in (tmp_path / "policy.csv", tmp_path / "run" / "plan.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert [cell for cell in cells if cell[:1] in ("=", "@", "+", "\t", "\r")] == []
    assert set(Policy.read(tmp_path / "policy.csv").scopes) == set(facts.tags["tag"])


def test_in_a_terminal_it_moves_nothing(
    facts: Audit, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leverkit.cli.analysis.LINES", 99)
    with pytest.raises(SystemExit):
        main(["audit", str(facts.snapshot.path)])
    printed = capfd.readouterr().out
    unseen = [c for c in printed if unicodedata.category(c)[0] == "C" and c != "\n"]
    assert "LK101 \\u202egnp.exe\\u2066" in printed
    assert unseen == []
    assert [line for line in printed.splitlines() if line.startswith("lines")] == []
