"""plan.json: what a plan holds beside its operations, sealed so that an edit of it is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from leverkit.errors import Refused
from leverkit.planning.brakes import Brakes
from leverkit.planning.canary import Canary
from leverkit.planning.operation import Skipped
from leverkit.policy.decision import Undecided
from leverkit.storage import files
from leverkit.storage.files import digest

FORMAT = 2
READABLE = (1, 2)  # the id of format 1 binds the operations, their kind, account, policy and snapshot
EDITED = "edited after the plan was made; make the plan again"
SINCE_2 = ("account_ids", "account_name", "demo", "lever_ms", "left_out", "ledger", "matching")
Kind = Literal["migrate", "rollback", "propagate"]


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The content of plan.json, without its seal; `before_digest` and `holders_digest` seal those files.

    Format 1 has none of SINCE_2.
    """

    format: int = FORMAT
    plan_id: str
    kind: Kind
    account: str
    account_ids: tuple[str, ...] = ()
    account_name: str = ""
    host: str
    demo: bool = False
    policy_digest: str
    snapshot_digest: str
    taken_at: int
    lever_ms: int | None = None
    counts: dict[str, int]
    requests: int
    minutes: float
    opportunities: int
    tag_counts: dict[str, int]
    undecided: tuple[Undecided, ...]
    skipped: tuple[Skipped, ...]
    left_out: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...]
    brakes: Brakes
    canary: Canary = Canary()
    before_digest: str
    holders_digest: str = digest({})
    ledger: str = ""
    matching: dict[str, str] = {}

    def write(self, path: Path) -> None:
        """Write plan.json with its seal, in one step."""
        document = msgspec.to_builtins(self)
        if self.format == 1:
            document = {name: document[name] for name in document if name not in SINCE_2}
        document["seal"] = digest(document)
        files.write_json(path, document)

    @classmethod
    def read(cls, path: Path) -> PlanDocument:
        """Read plan.json. Raises Refused where it is damaged, edited, or of another format."""
        document = _decode(path, dict[str, Any])
        seal = document.pop("seal", None)
        if (format_ := document.get("format")) not in READABLE:
            known = " and ".join(map(str, READABLE))
            raise Refused(f"{path}: plan format {format_}, this leverkit reads {known}; make the plan again")
        if digest(document) != seal:
            raise Refused(f"{path}: {EDITED}")
        return msgspec.convert(document, cls)


def read_part(path: Path, type_: Any, expected: str) -> Any:
    """Read a file beside plan.json. Raises Refused unless its content has the expected digest."""
    found = {} if expected == digest({}) and not path.exists() else _decode(path, type_)
    if digest(found) != expected:
        raise Refused(f"{path}: {EDITED}")
    return found


def _decode(path: Path, type_: Any) -> Any:
    try:
        return msgspec.json.decode(files.read(path), type=type_)
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(f"{path}: damaged or edited, make the plan again: {error}") from None
