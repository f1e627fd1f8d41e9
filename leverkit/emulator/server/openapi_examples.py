"""Examples in the OpenAPI description: ids and texts that this account has, and bodies that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.endpoints import children
from leverkit.emulator.response import decode

SOUGHT = 2000
BODIES: dict[str, Object] = decode(Path(__file__).with_name("openapi_examples.json").read_bytes())


def _ids(items: Iterable[Object]) -> list[str]:
    return [str(item["id"]) for item in islice(items, 3)]


class Examples:
    """Example values of an account for paths, parameters and bodies, by the names in the route table."""

    def __init__(self, account: Account) -> None:
        self.account = account
        rows = list(islice(account.rows.values(), SOUGHT))
        self.rows = [row for row in rows if not row.anonymized and not row.confidential] or rows
        self._taken: set[tuple[str, str]] = set()
        self.users = [user for user in account.users.values() if user.get("deactivatedAt") is None]
        postings = account.postings.values()
        self.open = [posting for posting in postings if posting.get("state") in ("published", "internal")]
        self.query = self._query()
        self.bodies = self._bodies()

    def path(self, path: str) -> dict[str, list[str]]:
        """Return values for the variable parts of a path; two of them belong together.

        Each call returns other objects while there are any: a deleted object must not break another example.
        """
        _, root, *rest = path.split("/")
        if root in ("opportunities", "candidates") and ":other" in rest:
            return self._child(rest[1])
        if root in ("opportunities", "candidates"):
            return {"id": [row.id for row in self.rows[:3]]}
        if rest[-1:] == ["options"]:
            return {"id": _ids(self._dropdowns())}
        return {"id": self._of(root)}

    def _of(self, root: str) -> list[str]:
        account = self.account
        if root == "contacts":
            return list(dict.fromkeys(row.contact for row in self.rows[:3]))
        found: dict[str, Iterable[Object]] = {
            "stages": account.stages,
            "archive_reasons": account.archive_reasons,
            "postings": self.open,
            "surveys": self.open,
            "users": self.users[1:],
        }
        return _ids(found.get(root, account.lists.get(root, ())))

    def _dropdowns(self) -> list[Object]:
        fields = self.account.lists.get("requisition_fields", [])
        return [field for field in fields if field.get("options")][:1]

    def _child(self, kind: str) -> dict[str, list[str]]:
        found = (
            (row, children.children_of(self.account, row, kind)) for row in (*self.rows[3:], *self.rows[:3])
        )
        able = [(row.id, str(items[0]["id"])) for row, items in islice(found, 300) if items]
        identifier, other = next((item for item in able if item not in self._taken), (able or [("", "")])[0])
        self._taken.add((identifier, other))
        return {"id": [identifier], "other": [other]} if other else {}

    def _query(self) -> dict[str, list[Any]]:
        account = self.account
        with_email = [row for row in self.rows if b'"emails":["' in row.raw][:1]
        times = sorted(row.created for row in self.rows[:100])
        return {
            "perform_as": _ids(self.users[:1]),
            "email": [row.object()["emails"][0] for row in with_email],
            "tag": [list(islice(account.tags, 2))],
            "source": [list(islice(account.sources, 1))],
            "stage_id": [_ids(account.stages)],
            "posting_id": [_ids(self.open)],
            "contact_id": [[row.contact for row in self.rows[:2]]],
            "archive_reason_id": [_ids(account.archive_reasons)],
            "created_at_start": times[:1],
            "include": [["id", "tags"]],
        }

    def _bodies(self) -> dict[str, Object]:
        account = self.account
        options = [option for field in self._dropdowns() for option in field["options"] if "id" in option]
        reasons = [reason["id"] for reason in account.archive_reasons if reason.get("type") != "hired"]
        return BODIES | {
            "OptionTexts": {"values": options[:1]},
            "OptionIds": {"values": _ids(options[-1:])},
            "Stage": {"stage": account.stages[-1]["id"] if account.stages else ""},
            "Archived": {"reason": next(iter(reasons), None), "cleanInterviews": False},
            "Postings": {"postings": _ids(self.open[:1])},
        }
