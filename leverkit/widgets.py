"""The review of tags in a notebook: core ipywidgets over policy.csv, a plain table where no kernel runs.

Everything it knows is in `review`; here are only the controls. Each is a real button or field, so that
Tab, Space and Enter are enough. Rows stay where they are when decided, until the page or the filter changes.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from leverkit.decision import SCOPES, Decision
from leverkit.lock import user
from leverkit.plan import gains
from leverkit.report import share
from leverkit.review import ORDERS, SHOWN, Review, View

if TYPE_CHECKING:
    from leverkit.audit import Audit

_STYLE = """<style>
.leverkit-review .widget-toggle-button{width:auto;min-width:5.5rem}
.leverkit-review .leverkit-row{border-top:1px solid var(--jp-border-color2,#ddd);padding:.35rem 0}
.leverkit-review p{margin:0;line-height:1.4;white-space:normal}
.leverkit-review bdi{font-weight:600;white-space:pre-wrap;overflow-wrap:anywhere}
.leverkit-review button:focus-visible{outline:2px solid #0072B2;outline-offset:1px}
</style>"""


class TagReview(w.VBox):  # type: ignore[misc]
    """Decide on tags in policy.csv, click by click; each click is in the file at once.

    `by` is written into decided_by; with `audit`, the forecast says what the plan will do. Raises UsageError
    where the file cannot be read.
    """

    def __init__(self, path: Path | str, *, by: str = "", audit: Audit | None = None) -> None:
        ahead = None if audit is None else gains(audit.snapshot)
        self.review = Review(path, by=by or user(), gains=ahead)
        self._view = View()
        self.forecast = w.HTML()
        self.news = w.HTML()
        self.where = w.Label()
        self.rows = w.VBox()
        self._controls()
        super().__init__([w.HTML(_STYLE), self.forecast, *self._bars, self.news, self.rows, self._pager])
        self.add_class("leverkit-review")
        self._turn()

    def _controls(self) -> None:
        wide = {"description_width": "initial"}
        self.search = w.Text(
            placeholder="part of a tag", description="Find", continuous_update=False, style=wide
        )
        self.shown = w.Dropdown(options=SHOWN, value=self._view.shown, description="Show", style=wide)
        self.order = w.Dropdown(options=ORDERS, value=self._view.order, description="Sort by", style=wide)
        self.sure = w.BoundedFloatText(
            value=0.95, min=0.5, max=1, step=0.01, description="Confidence at least", style=wide
        )
        self.sure.layout.width = "13rem"
        self.accept = _button("", lambda: self._act(lambda: self.review.accept(self.sure.value), turn=True))
        self.accept.layout.width = "auto"
        self.undo = _button("Undo", lambda: self._act(self.review.undo, turn=True))
        self.refresh = _button("Read again", lambda: self._act(self.review.refresh, turn=True))
        self.before = _button("Previous", lambda: self._turn(page=self._view.page - 1))
        self.after = _button("Next", lambda: self._turn(page=self._view.page + 1))
        for control, name in ((self.search, "text"), (self.shown, "shown"), (self.order, "order")):
            control.layout.width = "14rem"
            control.observe(lambda change, name=name: self._turn(page=0, **{name: change["new"]}), "value")
        self.sure.observe(lambda _: self._tell(), "value")
        wrap = w.Layout(flex_flow="row wrap")
        self._bars = (
            w.HBox([self.search, self.shown, self.order], layout=wrap),
            w.HBox([self.sure, self.accept, self.undo, self.refresh], layout=wrap),
        )
        self._pager = w.HBox([self.before, self.where, self.after], layout=wrap)

    def _turn(self, **changes: Any) -> None:
        """Show another view; rows are made anew."""
        self._view = View(**{**vars(self._view), **changes})
        page = self.review.look(self._view)
        self.rows.children = [self._row(decision) for decision in page.decisions]
        self.where.value = f"{page.total:,} tags, page {page.page + 1} of {page.pages}"
        self.before.disabled, self.after.disabled = page.page == 0, page.page + 1 == page.pages
        self._view = View(**{**vars(self._view), "page": page.page})
        self._tell()

    def _act(self, action: Callable[[], list[str]], *, turn: bool = False) -> None:
        heard = action()
        self.news.value = "".join(f"<p role='status'>{escape(line)}</p>" for line in heard[:5])
        if turn or heard:
            self._turn()
        self._tell()

    def _tell(self) -> None:
        self.forecast.value = f"<p role='status'><strong>{escape(self.review.forecast)}</strong></p>"
        number = len(self.review.acceptable(self.sure.value))
        self.accept.description = f"Accept {number:,} suggestions"
        self.accept.disabled = number == 0

    def _row(self, decision: Decision) -> w.VBox:
        scopes = w.ToggleButtons(
            options=SCOPES, value=decision.scope, tooltips=[f"{decision.tag}: {scope}" for scope in SCOPES]
        )
        tag = decision.tag
        scopes.observe(lambda change: self._act(lambda: self.review.decide({tag: change["new"]})), "value")
        row = w.VBox([w.HTML(described(decision)), scopes])
        row.add_class("leverkit-row")
        return row

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Draw the controls, and for readers without a kernel what is decided."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        return {**bundle, "text/html": self.review.policy._repr_html_(), "text/plain": self.review.forecast}


def described(decision: Decision) -> str:
    """Return a tag, what is suggested and why, as markup in which the tag does nothing."""
    missing = int(decision.evidence.get("missing") or 0)
    said = (
        "no suggestion" if decision.suggested_scope == "undecided"
        else f"suggested: {decision.suggested_scope}, {share(decision.confidence)} sure"
    )  # fmt: skip
    return (
        f"<p><bdi>{escape(decision.tag)}</bdi> · missing on {missing:,} · {escape(said)}</p>"
        f"<p>{escape(decision.reason)}</p>"
    )


def _button(text: str, action: Callable[[], None]) -> w.Button:
    button = w.Button(description=text)
    button.on_click(lambda _: action())
    return button
