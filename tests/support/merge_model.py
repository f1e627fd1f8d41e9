"""What people decided about tags, as far as readings can tell: a model of the merge table in plain Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Pair = tuple[str, str]  # opportunity, tag
Account = Mapping[str, tuple[str, Collection[str]]]  # contact and tags of each opportunity that is visible


class MergeModel:
    """What became of each pair: `last` names those that a job must not touch, and why.

    `known` is the account as it was last seen, `everywhere` are the pairs of tags that were taken off a whole
    contact, `theirs` those that others added last, `once` those that were ever in `last`. Where contacts were
    `merged`, such a pair may stay off although somebody added the tag to a sibling: leverkit then cannot tell
    which contact the addition was for.
    """

    def __init__(self, tags: Collection[str]) -> None:
        self.tags = tags
        self.known = dict[str, tuple[str, set[str]]]()
        self.hidden, self.theirs, self.everywhere = set[str](), set[Pair](), set[Pair]()
        self.last, self.once, self.merged = dict[Pair, str](), set[Pair](), False

    def look(self, account: Account) -> set[Pair]:
        """Take in what a reading tells; return what others added, and what came with new opportunities."""
        gone = {(self.known[id][0], tag) for id, tag in self.everywhere}
        new = [id for id in account if id not in self.known]
        moved = [id for id in self.known.keys() & account.keys() if self.known[id][0] != account[id][0]]
        self.merged = self.merged or bool(moved)
        self.once |= self.last.keys()
        self.everywhere -= {(id, tag) for id in moved for tag in self.tags}
        for id in (*new, *moved, *self.hidden & account.keys()):
            self.arrived(*account[id], account)
        seen = self.known.keys() & account.keys()
        changed = {
            (id, tag)
            for id in seen
            for tag in self.tags
            if (tag in self.known[id][1]) != (tag in account[id][1])
        }
        added = {(id, tag) for id, tag in changed if tag in account[id][1]}
        for id, tag in changed - added:
            self.last[id, tag] = "removed"
            if not any(tag in tags for contact, tags in account.values() if contact == account[id][0]):
                self.everywhere.add((id, tag))
        for id, tag in added:
            self.added(id, tag, account, gone=(account[id][0], tag) in gone)
        self.theirs = (self.theirs - changed) | added
        self.hidden = self.known.keys() - account.keys()
        self.known |= {id: (contact, set(tags)) for id, (contact, tags) in account.items()}
        return added | {(id, tag) for id in new for tag in self.tags if tag in account[id][1]}

    def arrived(self, contact: str, tags: Collection[str], account: Account) -> None:
        """A contact has the tags again with which an opportunity arrives; what was taken off stays off."""
        self.everywhere = {
            (o, t) for o, t in self.everywhere if t not in tags or self._contact(o, account) != contact
        }

    def added(self, id: str, tag: str, account: Account, *, gone: bool = True) -> None:
        """Somebody added a tag: its removal ends, and that from the whole contact."""
        self.last.pop((id, tag), None)
        self.everywhere.discard((id, tag))
        if gone:
            contact = account[id][0]
            ended = {(o, t) for o, t in self.everywhere if t == tag and self._contact(o, account) == contact}
            self.everywhere -= ended
            for pair in ended:
                self.last.pop(pair)

    def wrote(self, pairs: Iterable[Pair], added: bool) -> None:
        """A job added tags, or a rollback took them back."""
        for id, tag in pairs:
            (self.known[id][1].add if added else self.known[id][1].discard)(tag)
            self.theirs.discard((id, tag))
            if not added:
                self.last[id, tag] = "taken back"

    def put_back(self, pairs: Iterable[Pair]) -> dict[Pair, str]:
        """Which of the pairs that a job wrote were not for it to write."""
        return {pair: self.last[pair] for pair in pairs if pair in self.last}

    def not_spread(self, pairs: Iterable[Pair], account: Account) -> set[Pair]:
        """Which siblings lack what others added, though nobody decided so."""
        carried = {(account[id][0], tag) for id, tag in pairs if id in account and tag in account[id][1]}
        lacking = {
            (id, tag)
            for id, (contact, tags) in account.items()
            for tag in self.tags
            if (contact, tag) in carried and tag not in tags
        }
        return lacking - self.last.keys() - (self.once if self.merged else set())

    def renamed(self, old: str, new: str) -> None:
        """A tag has another name."""
        for pairs in (self.everywhere, self.theirs):
            for id in [id for id, tag in pairs if tag == old]:
                pairs.remove((id, old))
                pairs.add((id, new))
        for id in [id for id, tag in self.last if tag == old]:
            why = self.last.pop((id, old))
            self.last[id, new] = why
        for _, tags in self.known.values():
            if old in tags:
                tags.remove(old)
                tags.add(new)

    def _contact(self, id: str, account: Account) -> str:
        return account[id][0] if id in account else self.known[id][0]
