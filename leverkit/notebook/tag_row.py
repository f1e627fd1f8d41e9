"""The rows of the review: a tag, or a family of tags that are decided at once and unfold to their members.

A row keeps its tags for good, and its buttons name them: a click that was on its way while other rows came
decides on the tags that the person saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from leverkit.policy.decision import SCOPES, Decision
from leverkit.policy.policy_table import reason
from leverkit.policy.questions import Item
from leverkit.report.html import Html
from leverkit.report.text import count, share

_LINE = Html("<p><bdi>{}</bdi> · missing on {} of {} · {}{}</p><div class='leverkit-why'>{}</div>")
_FAMILY = Html("<p><bdi>{}</bdi> · family of {} · {}{}</p><div class='leverkit-why'>{}</div>")
NAMED = 6  # members that the line of a family names
UNFOLDED = 40  # members that a family unfolds to, as each has a dozen widgets


@dataclass(frozen=True)
class Actions:
    """What a row does: decide on tags, note something on a tag, show who carries a tag."""

    decide: Callable[[Sequence[str], str], None]
    note: Callable[[str, str], None]
    people: Callable[[str], Html]


class _Row(widgets.VBox):  # type: ignore[misc]
    """A line about tags, the buttons of their scopes, and a button that unfolds more."""

    def __init__(self, tags: Sequence[str], name: str, actions: Actions, *, more: str) -> None:
        self.tags, self.actions = tuple(tags), actions
        self._scope: str | None = None
        self.line = widgets.HTML()
        self.scopes = widgets.ToggleButtons(
            options=SCOPES, value=None, tooltips=[f"{name}: {scope}" for scope in SCOPES]
        )
        self.scopes.observe(self._clicked, "value")
        self.more = widgets.Button(description=more, tooltip=f"{name}: {more}")
        self.more.on_click(lambda _: self.unfold())
        self.details = widgets.VBox()
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        buttons = widgets.HBox([self.scopes, self.more], layout=wrap)
        super().__init__([self.line, buttons, self.details])
        self.add_class("leverkit-row")

    def update(self, rows: Mapping[str, Decision]) -> None:
        """Show what is decided now; a tag that left the file stays as it was."""
        raise NotImplementedError

    def show_scope(self, scope: str | None) -> None:
        """Show a scope without deciding anything."""
        self._scope = scope
        self.scopes.value = scope

    def unfold(self) -> None:
        """Show the details, or hide them where they are shown."""
        self.details.children = () if self.details.children else tuple(self._unfolded())

    def _unfolded(self) -> Sequence[Any]:
        raise NotImplementedError

    def _clicked(self, change: Any) -> None:
        if change["new"] != self._scope:
            self._scope = change["new"]
            self.actions.decide(self.tags, change["new"])


class TagRow(_Row):
    """One tag; unfolded, its note and the people who carry it."""

    def __init__(self, decision: Decision, actions: Actions) -> None:
        super().__init__([decision.tag], decision.tag, actions, more="Note and people")
        self._decision = decision
        self.note = widgets.Text(description="Note", continuous_update=False)
        self.note.layout.width = "90%"
        self._noted = ""
        self.note.observe(self._write_note, "value")
        self.update({decision.tag: decision})

    def update(self, rows: Mapping[str, Decision]) -> None:
        decision = rows.get(self.tags[0], self._decision)
        self._decision = decision
        self.line.value = described(decision)
        self.show_scope(decision.scope if decision.scope == decision.standing else None)
        self._noted = decision.note
        self.note.value = decision.note

    def _unfolded(self) -> Sequence[Any]:
        return self.note, widgets.HTML(str(self.actions.people(self.tags[0])))

    def _write_note(self, change: Any) -> None:
        if change["new"] != self._noted:
            self._noted = change["new"]
            self.actions.note(self.tags[0], change["new"])


class FamilyRow(_Row):
    """The tags of a family that the view shows; unfolded, a row for each."""

    def __init__(self, item: Item, actions: Actions, member: Callable[[Decision], TagRow]) -> None:
        self._member = member
        super().__init__(item.tags, item.family, actions, more=f"Its {count(len(item.tags), 'tag')}")
        self.details.add_class("leverkit-family")
        self._item = item
        self.update({})

    def update(self, rows: Mapping[str, Decision]) -> None:
        self._item = Item(tuple(rows.get(row.tag, row) for row in self._item.decisions), self._item.family)
        self.line.value = described_family(self._item)
        self.show_scope(self._item.scope)
        if self.details.children:
            self.details.children = tuple(self._unfolded())

    def _unfolded(self) -> Sequence[Any]:
        rows = [self._member(row) for row in self._item.decisions[:UNFOLDED]]
        more = len(self._item.decisions) - len(rows)
        return [*rows, widgets.Label(f"and {more:,} more: find them by name")] if more else rows


def described(decision: Decision) -> str:
    """Return a tag, its suggestion and the reason as escaped markup."""
    people = count(int(decision.evidence.get("inconsistent_contacts") or 0), "person", "people")
    suggestion = (
        "no suggestion" if decision.suggested_scope == "undecided"
        else f"suggested: {decision.suggested_scope}, {share(decision.confidence)} sure"
    )  # fmt: skip
    who = f" · decided by {decision.decided_by}" if decision.decided_by else ""
    missing = count(int(decision.evidence.get("missing") or 0), "opportunity", "opportunities")
    return _LINE.format(decision.tag, missing, people, suggestion, who, reason(decision.reason))


def described_family(item: Item) -> str:
    """Return a family, what is suggested for its tags and their names as escaped markup."""
    suggested = [row.suggested_scope for row in item.decisions]
    parts = [f"{suggested.count(scope):,} {scope}" for scope in SCOPES[:-1] if scope in suggested]
    names = ", ".join(item.tags[:NAMED])
    more = f" and {len(item.tags) - NAMED:,} more" if len(item.tags) > NAMED else ""
    hint = f" · suggested: {', '.join(parts)}" if parts else " · no suggestion"
    gaps = count(int(item.total("missing")), "gap")
    return _FAMILY.format(item.family, count(len(item.tags), "tag"), gaps, hint, names + more)
