"""The review of tags in a notebook: core ipywidgets over policy.csv; a plain table where no kernel runs.

The state is in `policy.review`; this module has the controls. Every control is a button or a field, so that
Tab, Space and Enter are enough. A decided row keeps its place until the page or the filter changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from leverkit.planning.planner import gains
from leverkit.policy.decision import SCOPES, Decision
from leverkit.policy.policy_table import reason
from leverkit.policy.review import ORDERS, SHOWN, Review, View
from leverkit.report.html import Html, paragraph
from leverkit.report.text import count, share
from leverkit.storage.lock import user

if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "tag_review.html").read_text(encoding="utf-8")
_HINT = (_TEMPLATES / "tag_review_hint.html").read_text(encoding="utf-8")


class TagReview(widgets.VBox):  # type: ignore[misc]
    """Controls that decide on tags in policy.csv; every click is saved at once.

    `by` is written into decided_by. With `audit`, the forecast tells what the plan will do. Raises UsageError
    if the file cannot be read.
    """

    def __init__(self, path: Path | str, *, by: str = "", audit: Audit | None = None) -> None:
        forecast_gains = None if audit is None else gains(audit.snapshot)
        self.review = Review(path, by=by or user(), gains=forecast_gains)
        self._view = View()
        self.forecast = widgets.HTML()
        self.news = widgets.HTML()
        self.where = widgets.Label()
        self.rows = widgets.VBox()
        self.hint = widgets.HTML(_HINT)
        self._controls()
        super().__init__(
            [widgets.HTML(_STYLE), self.forecast, *self._bars, self.news, self.rows, self._pager, self.hint]
        )
        self.add_class("leverkit-review")
        self._show_page()
        self._show_news(self.review.policy.overwritten)

    def _controls(self) -> None:
        full_label = {"description_width": "initial"}
        self.search = widgets.Text(
            placeholder="part of a tag", description="Find", continuous_update=False, style=full_label
        )
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
        """Show a view with these changes; make its rows again."""
        self._view = View(**{**vars(self._view), **changes})
        page = self.review.look(self._view)
        self.rows.children = [self._row(decision) for decision in page.decisions]
        self.where.value = f"{page.total:,} tags, page {page.page + 1} of {page.pages}"
        self.before.disabled, self.after.disabled = page.page == 0, page.page + 1 == page.pages
        self._view = View(**{**vars(self._view), "page": page.page})
        self._show_forecast()

    def _act(self, action: Callable[[], list[str]], *, new_page: bool = False) -> None:
        news = action()
        self._show_news(news)
        if new_page or news:
            self._show_page()
        self._show_forecast()

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

    def _row(self, decision: Decision) -> widgets.VBox:
        scopes = widgets.ToggleButtons(
            options=SCOPES, value=decision.scope, tooltips=[f"{decision.tag}: {scope}" for scope in SCOPES]
        )
        tag = decision.tag
        scopes.observe(lambda change: self._act(lambda: self.review.decide({tag: change["new"]})), "value")
        row = widgets.VBox([widgets.HTML(described(decision)), scopes])
        row.add_class("leverkit-row")
        return row

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the controls, and what is decided for readers without a kernel."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        return {**bundle, "text/html": self.review.policy._repr_html_(), "text/plain": self.review.forecast}


def described(decision: Decision) -> str:
    """Return a tag, its suggestion and the reason as escaped markup."""
    missing = count(int(decision.evidence.get("missing") or 0), "opportunity", "opportunities")
    people = count(int(decision.evidence.get("inconsistent_contacts") or 0), "person", "people")
    suggestion = (
        "no suggestion" if decision.suggested_scope == "undecided"
        else f"suggested: {decision.suggested_scope}, {share(decision.confidence)} sure"
    )  # fmt: skip
    who = f" · decided by {decision.decided_by}" if decision.decided_by else ""
    return Html("<p><bdi>{}</bdi> · missing on {} of {} · {}{}</p><div class='leverkit-why'>{}</div>").format(
        decision.tag, missing, people, suggestion, who, reason(decision.reason)
    )


def _button(text: str, action: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=text)
    button.on_click(lambda _: action())
    return button
