"""The review of tags in a notebook: core ipywidgets over policy.csv; a plain table where no kernel runs.

The state is in `policy.review`; this module has the controls. Every control is a button or a field, so that
Tab, Space and Enter are enough. A decided row keeps its place until the page or the filter changes. Rows are
made once for a tag and never given to another one, so a click is about the row that was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from leverkit.errors import UsageError
from leverkit.notebook.tag_row import Actions, FamilyRow, TagRow
from leverkit.planning.planner import gains
from leverkit.policy.decision import SCOPES, Decision
from leverkit.policy.questions import Item
from leverkit.policy.review import ORDERS, SHOWN, Review, View
from leverkit.report.html import Html, paragraph
from leverkit.report.text import count
from leverkit.storage.lock import user

if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "tag_review.html").read_text(encoding="utf-8")
_HINT = (_TEMPLATES / "tag_review_hint.html").read_text(encoding="utf-8")


class TagReview(widgets.VBox):  # type: ignore[misc]
    """Controls that decide on tags in policy.csv; every click is saved at once.

    `by` is written into decided_by. With `audit`, the forecast tells what the plan will do, and a tag unfolds
    to the people who carry it. Raises UsageError if the file cannot be read.
    """

    def __init__(self, path: Path | str, *, by: str = "", audit: Audit | None = None) -> None:
        forecast_gains = None if audit is None else gains(audit.snapshot)
        self.review = Review(path, by=by or user(), gains=forecast_gains)
        self._view, self._audit = View(), audit
        self._actions = Actions(self._decide, self._note, self._people)
        self._tag_rows: dict[str, TagRow] = {}
        self._family_rows: dict[tuple[str, ...], FamilyRow] = {}
        self.forecast = widgets.HTML()
        self.news = widgets.HTML()
        self.last = widgets.HTML()
        self.where = widgets.Label()
        self.rows = widgets.VBox()
        self.hint = widgets.HTML(_HINT)
        self._controls()
        super().__init__(
            [
                widgets.HTML(_STYLE),
                self.forecast,
                *self._bars,
                self.last,
                self.news,
                self.rows,
                self._pager,
                self.hint,
            ]
        )
        self.add_class("leverkit-review")
        self._show_page()
        self._show_news(self.review.policy.overwritten)

    def _controls(self) -> None:
        full_label = {"description_width": "initial"}
        self.search = widgets.Text(placeholder="part of a tag", description="Find", style=full_label)
        self.shown = widgets.Dropdown(
            options=SHOWN, value=self._view.shown, description="Show", style=full_label
        )
        self.order = widgets.Dropdown(
            options=ORDERS, value=self._view.order, description="Sort by", style=full_label
        )
        self.sure = widgets.BoundedFloatText(
            value=0.95, min=0.5, max=1, step=0.01, description="Confidence at least", style=full_label
        )
        self.sure.layout.width = "13rem"
        self.accept = _button(
            "", lambda: self._act(lambda: self.review.accept(self.sure.value), new_page=True)
        )
        self.accept.layout.width = "auto"
        self.undo = _button("Undo", lambda: self._act(self.review.undo, new_page=True))
        self.refresh = _button("Read again", lambda: self._act(self.review.refresh, new_page=True))
        self.before = _button("Previous", lambda: self._show_page(page=self._view.page - 1))
        self.after = _button("Next", lambda: self._show_page(page=self._view.page + 1))
        for control, name in ((self.search, "text"), (self.shown, "shown"), (self.order, "order")):
            control.layout.width = "14rem"
            control.observe(
                lambda change, name=name: self._show_page(page=0, **{name: change["new"]}), "value"
            )
        self.sure.observe(lambda _: self._show_forecast(), "value")
        wrap = widgets.Layout(flex_flow="row wrap")
        self._bars = (
            widgets.HBox([self.search, self.shown, self.order], layout=wrap),
            widgets.HBox([self.sure, self.accept, self.undo, self.refresh], layout=wrap),
        )
        self._pager = widgets.HBox([self.before, self.where, self.after], layout=wrap)

    def _show_page(self, **changes: Any) -> None:
        """Show a view with these changes."""
        self._view = View(**{**vars(self._view), **changes})
        page = self.review.look(self._view)
        self.rows.children = [self._row(item) for item in page.items]
        self.where.value = f"{count(page.total, 'tag')}, page {page.page + 1} of {page.pages}"
        self.before.disabled, self.after.disabled = page.page == 0, page.page + 1 == page.pages
        self._view = View(**{**vars(self._view), "page": page.page})
        self._show_forecast()

    def _act(self, action: Callable[[], list[str]], *, new_page: bool = False) -> None:
        news = action()
        self._show_news(news)
        self.last.value = ""
        if new_page or news:
            self._show_page()
        else:
            now = {row.tag: row for row in self.review.policy.decisions}
            for row in self.rows.children:
                row.update(now)
        self._show_forecast()

    def _decide(self, tags: Sequence[str], scope: str) -> None:
        if len(tags) > 1:
            self._act(lambda: self.review.decide_family(tags, scope))
        else:
            self._act(lambda: self.review.decide({tags[0]: scope}))
        what = tags[0] if len(tags) == 1 else count(len(tags), "tag")
        if not self.news.value:
            self._say(f"{what}: {scope}. Undo takes it back. {self.review.left}")

    def _note(self, tag: str, text: str) -> None:
        self._act(lambda: self.review.note(tag, text))
        self._say(f"{tag}: the note is saved.")

    def _say(self, text: str) -> None:
        self.last.value = Html("<p class='leverkit-why' role='status'>{}</p>").format(text)

    def _people(self, tag: str) -> Html:
        """Return the people who carry a tag, where there is an account to look them up in."""
        if self._audit is None:
            return Html()
        try:
            found = self._audit.people_with(tag)
        except UsageError as error:
            return paragraph(str(error))
        return paragraph(found.heading) + found.body

    def _show_news(self, lines: list[str]) -> None:
        """Show what other people changed, five lines at most."""
        more = [f"and {len(lines) - 5:,} more"] if len(lines) > 5 else []
        news = Html().join(map(paragraph, [*lines[:5], *more]))
        self.news.value = (
            Html("<div class='leverkit-news' role='status'>{}</div>").format(news) if news else ""
        )

    def _show_forecast(self) -> None:
        forecast = Html("<p class='leverkit-forecast' role='status'><strong>{}</strong></p>")
        self.forecast.value = forecast.format(self.review.forecast)
        scopes = list(self.review.acceptable(self.sure.value).values())
        parts = [f"{scopes.count(scope):,} {scope}" for scope in SCOPES if scope in scopes]
        self.accept.description = f"Accept {count(len(scopes), 'suggestion')}" + (
            f": {', '.join(parts)}" if parts else ""
        )
        self.accept.disabled = not scopes

    def _row(self, item: Item) -> TagRow | FamilyRow:
        """Return the row of an item, which is made when it is first shown."""
        if not item.family:
            return self._tag_row(item.decisions[0])
        if item.tags not in self._family_rows:
            self._family_rows[item.tags] = FamilyRow(item, self._actions, self._tag_row)
        row = self._family_rows[item.tags]
        row.update({decision.tag: decision for decision in item.decisions})
        return row

    def _tag_row(self, decision: Decision) -> TagRow:
        if decision.tag not in self._tag_rows:
            self._tag_rows[decision.tag] = TagRow(decision, self._actions)
        row = self._tag_rows[decision.tag]
        row.update({decision.tag: decision})
        return row

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the controls, and what is decided for readers without a kernel."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        return {**bundle, "text/html": self.review.policy._repr_html_(), "text/plain": self.review.forecast}


def _button(text: str, action: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=text)
    button.on_click(lambda _: action())
    return button
