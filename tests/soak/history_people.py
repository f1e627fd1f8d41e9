"""What people do to the account of a random history, while leverkit works or between its steps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from soak.history_model import Model
from support.plan_factory import contact_tags, tags_of

from leverkit.planning.operation import Operation

RENAMES = 0.3  # the share of the intended renames that happen: each takes a tag out of the game


class People:
    """People who change tags, and opportunities otherwise; the model is told of every change."""

    def __init__(self, emulated: Any, model: Model, dice: random.Random) -> None:
        self._emulated, self._model, self._dice = emulated, model, dice
        self.tags = contact_tags(emulated)
        self._known = sorted(tags_of(emulated))  # ids of later ones are random, so they come last
        self._others: dict[str, Callable[[str, str], None]] = {
            "delete": self._delete,
            "hide": self._hide,
            "merge": self._merge,
            "come": self._come,
            "rename": self._rename,
        }

    def act(self, planned: Iterable[Operation]) -> str:
        """Do something, most often to what is planned; return it in words."""
        time.sleep(0.002)  # Lever's times are milliseconds
        there = tags_of(self._emulated)
        ops = [op for op in planned if op.opportunity in there]
        opportunity = self._dice.choice([each for each in self._known if each in there])
        tag = self._dice.choice(self.tags)
        if ops and self._dice.random() < 0.7:
            op = self._dice.choice(ops)
            opportunity, tag = op.opportunity, op.tag
        act = self._dice.choice(("add", "remove", "toggle", "toggle", "toggle", *self._others))
        if act in self._others:
            self._others[act](opportunity, tag)
        elif act == "remove" or (act == "toggle" and tag in there[opportunity]):
            self._emulated.remove_tags(opportunity, [tag])
        else:
            self._emulated.add_tags(opportunity, [tag])
        now = tags_of(self._emulated)
        for each in sorted({opportunity} | {each for each in there if there[each] != now.get(each)}):
            self._model.person(each, there[each], now.get(each, ()))
        return f"person: {act} {tag!r} on {opportunity}"

    def _delete(self, opportunity: str, _: str) -> None:
        self._emulated.delete(opportunity)

    def _hide(self, opportunity: str, _: str) -> None:
        hidden = self._emulated.do(lambda a: a.row(opportunity).object().get("confidentiality"))
        self._emulated.set_confidential(opportunity, hidden != "confidential")

    def _merge(self, opportunity: str, _: str) -> None:
        contacts = self._emulated.state()["contacts"]
        winner = contacts[self._dice.choice([each for each in self._known if each in contacts])]
        loser = contacts[opportunity]
        if winner != loser:
            for moved in [o for o, contact in contacts.items() if contact == loser]:
                self._model.person(moved, (), ())
            self._emulated.merge(loser, winner)

    def _come(self, opportunity: str, _: str) -> None:
        self._known.append(self._emulated.create(self._emulated.state()["contacts"][opportunity]))

    def _rename(self, _: str, tag: str) -> None:
        if self._dice.random() < RENAMES:
            self._emulated.human("rename_tag", tag=tag, into=f"{tag}, renamed")
