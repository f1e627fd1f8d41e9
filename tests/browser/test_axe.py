"""Reports that everybody can read: axe objects to nothing in what a demo run writes, wide or narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import TIMEOUT_MS, browser, in_a_browser, violations

from leverkit.notebook.demo import run_demo

pytestmark = in_a_browser
WIDTHS = {"desktop": 1280, "phone": 390}
PAGES = (
    "jobs/1-audit/10_audit", "jobs/2-policy/20_policy", "jobs/3-plan/30_migrate", "jobs/4-apply/30_migrate",
    "jobs/5-verify/30_migrate", "jobs/6-plan-again/30_migrate", "jobs/7-undo-plan/40_rollback",
    "jobs/8-undo/40_rollback", "jobs/9-undo-verify/40_rollback", "workspace/*/audit", "overview",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a demo run."""
    folder = tmp_path_factory.mktemp("axe") / "demo"
    run_demo(folder, contacts=200)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


def found_in(chromium: Any, page: Path, width: int) -> list[str]:
    """Return a line for each element of a page that axe objects to, and for a page wider than its window."""
    tab = chromium.new_page(viewport={"width": width, "height": 900})
    tab.set_default_timeout(TIMEOUT_MS)
    tab.goto(page.as_uri())
    wide = tab.evaluate("document.documentElement.scrollWidth")
    found = violations(tab) + [f"{wide} px wide in a window of {width}"] * (wide > width)
    tab.close()
    return found


def test_the_list_of_reports_is_whole(demo: Path) -> None:
    found = {str(path.relative_to(demo).with_suffix("")) for path in demo.rglob("*.html")}
    assert len(found) == len(PAGES)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_has_nothing_to_object_to_and_no_page_is_wider_than_its_window(
    demo: Path, chromium: Any, name: str, width: int
) -> None:
    (page,) = demo.glob(f"{name}.html")
    assert found_in(chromium, page, width) == []


def test_axe_would_object_to_a_bad_page(chromium: Any, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<html><body><img src='x.png'><p style='color:#eee'>pale</p></body></html>")
    assert {line.partition(":")[0] for line in found_in(chromium, page, 1280)} > {
        "image-alt",
        "html-has-lang",
    }
