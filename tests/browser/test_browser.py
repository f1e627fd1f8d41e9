"""An analyst in a real JupyterLab: run 10, decide in 20 by mouse and by keyboard, see the plan change."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.browser import DARK, browser, in_a_browser, lab, notebook, run_all, set_up, violations
from support.notebook_accounts import NOTEBOOKS

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.notebook.tag_row import UNFOLDED
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.policy.review import Page, Review, View

pytestmark = in_a_browser
ADDS = re.compile(r"The plan would add ([\d,]+) taggings? to opportunities of ([\d,]+) (?:person|people)")
UNDECIDED = re.compile(r"([\d,]+) undecided")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a copy of the notebooks and a place for a workspace."""
    folder = tmp_path_factory.mktemp("analyst")
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    (folder / "own").mkdir()
    return folder


@pytest.fixture(scope="module")
def lab_page(home: Path) -> Iterator[tuple[Any, str]]:
    """Give a browser and the address of a lab where notebooks find an emulated account."""
    with running(contacts=400, seed=7, rate=None) as account, browser() as chromium:
        place = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        place |= {"LEVERKIT_WORKSPACE": str(home / "workspace"), "HOME": str(home / "own")}
        with lab(home / "notebooks", home / "own", place) as address:
            yield chromium, address


def only_file(home: Path, pattern: str) -> Path:
    (found,) = (home / "workspace").glob(pattern)
    return found


def newest_plan(home: Path) -> Plan:
    plans = (home / "workspace").glob("*/runs/*/plan.json")
    return Plan.read(max(plans, key=lambda path: path.stat().st_mtime_ns).parent)


def picture(page: Any, name: str) -> None:
    """Keep a picture for people who want to look."""
    if folder := os.environ.get("LEVERKIT_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


class Widget:
    """The review widget in a page, as a person sees it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.box = page.locator(".leverkit-review")
        self.box.wait_for()

    @property
    def tags(self) -> list[str]:
        """The tags and families that its rows are about."""
        lines = self.box.locator(".leverkit-row > :first-child bdi")
        return [str(text) for text in lines.all_text_contents()]

    def choice(self, tag: str, scope: str) -> Any:
        return self.box.locator(f"button[title={json.dumps(f'{tag}: {scope}')}]")

    def button(self, name: str) -> Any:
        return self.box.get_by_role("button", name=re.compile(name))

    def wait_for_text(self, text: str) -> None:
        """Wait until the widget shows a text."""
        self.box.get_by_text(text).first.wait_for()

    def wait_for_tags(self, tags: list[str]) -> None:
        """Wait until it shows these tags, in this order."""
        for _ in range(600):
            if self.tags == tags:
                return
            self.page.wait_for_timeout(100)
        assert self.tags == tags

    @property
    def forecast(self) -> tuple[int, int]:
        """Return how many tags the plan would add, to how many people."""
        found = ADDS.search(self.box.locator(".leverkit-forecast").inner_text())
        assert found
        return int(found[1].replace(",", "")), int(found[2].replace(",", ""))

    def settled(self, policy: Path) -> tuple[int, int]:
        """Wait until the count is of what the file holds; return the forecast."""
        self.wait_for_text(Policy.read(policy).summary())
        return self.forecast


@contextmanager
def reader(path: Path) -> Iterator[list[int]]:
    """Read a policy over and over; yields how many rows each reading found."""
    found: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.02):
            found.append(len(Policy.read(path).decisions))

    thread = threading.Thread(target=read)
    thread.start()
    yield found
    over.set()
    thread.join()


def test_an_analyst_audits_decides_and_sees_the_plan_change(lab_page: tuple[Any, str], home: Path) -> None:
    with notebook(*lab_page, "10_audit.ipynb") as page:
        headline = audit(only_file(home, "*/snapshot")).headline
        page.get_by_text(headline).first.wait_for()
        assert only_file(home, "*/audit.html").stat().st_size > 10_000
        page.locator("h2", has_text="What is missing?").scroll_into_view_if_needed()
        picture(page, "10_audit")
    with notebook(*lab_page, "20_policy.ipynb") as page:
        file = only_file(home, "*/policy.csv")
        widget = Widget(page)
        assert widget.forecast == (0, 0)
        _look_around(widget, Review(file, by="nobody"))
        with reader(file) as readings:
            _decide(widget, file)
            expected = _accept_and_undo(widget, file)
        assert set(readings) == {len(Policy.read(file).decisions)}
        picture(page, "20_decided")
    with notebook(*lab_page, "30_migrate.ipynb") as page:
        plan = newest_plan(home)
        assert (plan.counts["adds"], plan.counts["contacts"]) == expected
        page.get_by_text(f"Plan {plan.short}").first.wait_for()
        tag = plan.operations[0].tag
        Policy.edit(file, lambda policy: policy.decide({tag: "ignore"}, by="another analyst"))
        run_all(page)
        changed = newest_plan(home)
        assert changed.operations == tuple(op for op in plan.operations if op.tag != tag)
        page.get_by_text(f"Plan {changed.short}").first.wait_for()
        picture(page, "30_plan")


def names(shown: Page) -> list[str]:
    return [item.name for item in shown.items]


def single_tags(file: Path) -> list[str]:
    """Return the tags of the first page that are a row of their own, not one of a family."""
    shown = Review(file, by="nobody").look(View())
    return [item.name for item in shown.items if not item.family]


def _unfold(widget: Widget) -> None:
    """Look at the people of a tag, write a note, and fold it again."""
    more = widget.button("Note and people").first
    more.click()
    widget.wait_for_text("● has the tag, ○ lacks it")
    picture(widget.page, "20_people")
    widget.box.get_by_label("Note").fill("asked Tom")
    widget.page.keyboard.press("Tab")
    widget.wait_for_text("the note is saved")
    more.click()
    widget.box.get_by_text("● has the tag, ○ lacks it").wait_for(state="detached")


def _look_around(widget: Widget, review: Review) -> None:
    """Find, sort and turn pages, by mouse and by keyboard."""
    page, first = widget.page, names(review.look(View()))
    assert widget.tags == first
    picture(page, "20_widget_top")
    widget.box.locator(".leverkit-forecast").scroll_into_view_if_needed()
    picture(page, "20_widget")
    widget.box.get_by_label("Find").click()
    page.keyboard.type(first[3][:6])
    widget.wait_for_tags(names(review.look(View(text=first[3][:6]))))
    widget.box.get_by_label("Find").fill("")
    widget.wait_for_tags(first)
    widget.box.get_by_label("Sort by").select_option("confidence")
    widget.wait_for_tags(names(review.look(View(order="confidence"))))
    widget.box.get_by_label("Sort by").select_option("at stake")
    widget.wait_for_tags(first)
    widget.button("Next").click()
    widget.wait_for_tags(names(review.look(View(page=1))))
    _unfold(widget)
    widget.button("Previous").focus()
    page.keyboard.press("Enter")
    widget.wait_for_tags(first)


def _decide(widget: Widget, file: Path) -> None:
    """Decide on the first tag by mouse, on the second by keyboard; each is in a new file at once."""
    first, second, *_ = single_tags(file)
    shown, before = widget.tags, file.stat().st_ino
    widget.choice(first, "contact").click()
    widget.wait_for_text("1 contact, 0 opportunity, 0 ignore")
    assert (Policy.read(file).scopes[first], file.stat().st_ino == before) == ("contact", False)
    assert widget.settled(file)[0] > 0
    widget.choice(second, "contact").focus()
    widget.page.keyboard.press("Tab")
    widget.page.keyboard.press("Tab")
    widget.page.keyboard.press("Space")
    widget.wait_for_text("1 contact, 0 opportunity, 1 ignore")
    assert Policy.read(file).scopes[second] == "ignore"
    assert widget.tags == shown


def _accept_and_undo(widget: Widget, file: Path) -> tuple[int, int]:
    """Accept what is sure, take it back by keyboard, accept again; return what the plan would do."""
    page, before = widget.page, Policy.read(file)
    before_accepting = widget.forecast
    widget.box.get_by_label("Confidence at least").fill("0.9")
    page.keyboard.press("Tab")
    wanted = before.acceptable(0.9)
    accept = widget.button(f"Accept {len(wanted):,} suggestions")
    accept.wait_for()
    accept.click()
    accept.wait_for(state="detached")
    after = Policy.read(file)
    assert {tag: after.scopes[tag] for tag in wanted} == wanted
    more = widget.settled(file)
    assert more > before_accepting
    widget.button("Undo").focus()
    page.keyboard.press("Enter")
    accept.wait_for()
    assert Policy.read(file).decisions == before.decisions
    assert widget.settled(file) == before_accepting
    accept.focus()
    page.keyboard.press("Space")
    accept.wait_for(state="detached")
    assert widget.settled(file) == more
    return more


def test_a_family_unfolds_to_its_tags_and_is_decided_at_once(lab_page: tuple[Any, str], home: Path) -> None:
    file = only_file(home, "*/policy.csv")
    file.unlink()  # the notebook suggests a new one, in which nothing is decided
    with notebook(*lab_page, "20_policy.ipynb") as page:
        widget = Widget(page)
        family = next(item for item in Review(file, by="nobody").look(View()).items if item.family)
        first, number = family.tags[0], len(family.tags)
        unfold = widget.choice(family.family, f"Its {number} tags")
        unfold.click()
        for tag in family.tags[:UNFOLDED]:
            widget.choice(tag, "contact").wait_for()
        picture(page, "20_family")
        unfold.click()
        widget.choice(first, "contact").wait_for(state="detached")
        widget.choice(family.family, "opportunity").click()
        widget.wait_for_text(f"0 contact, {number} opportunity, 0 ignore")
        decided = {row.tag: (row.scope, row.decided_with) for row in Policy.read(file).decisions}
        assert {decided[tag] for tag in family.tags} == {("opportunity", "family")}
        unfold.click()
        widget.choice(first, "ignore").click()
        widget.wait_for_text(f"0 contact, {number - 1} opportunity, 1 ignore")
        assert Policy.read(file).scopes[first] == "ignore"


def test_the_widget_tells_what_others_did_meanwhile(lab_page: tuple[Any, str], home: Path) -> None:
    with notebook(*lab_page, "20_policy.ipynb") as page:
        file = only_file(home, "*/policy.csv")
        widget = Widget(page)
        first, second, third, *_ = single_tags(file)
        opened = file.read_bytes()
        Policy.edit(file, lambda policy: policy.decide({second: "opportunity"}, by="bob"))
        widget.choice(first, "ignore").click()
        widget.wait_for_text(f"bob decided meanwhile: {second!r} is opportunity")
        file.write_bytes(opened)  # a spreadsheet that had the file open, saved
        widget.choice(third, "ignore").click()
        widget.wait_for_text("a program that had the file open saved an older version")
        picture(page, "20_news")
        assert Policy.read(file).scopes[third] == "ignore"


def test_notebooks_are_readable_in_the_dark_theme(lab_page: tuple[Any, str], home: Path) -> None:
    set_up(home / "own", "apputils-extension/themes", json.dumps({"theme": DARK}))
    for name in ("10_audit", "20_policy", "30_migrate"):
        with notebook(*lab_page, f"{name}.ipynb") as page:
            page.locator(f"body[data-jp-theme-name='{DARK}']").wait_for(state="attached")
            if name == "20_policy":
                Widget(page).button("Note and people").first.click()
                page.get_by_text("● has the tag, ○ lacks it").first.wait_for()
            assert violations(page, "color-contrast", within=".jp-Notebook") == []
            picture(page, f"{name}_dark")
