"""One page for many accounts, with the same rows as CSV and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.accounts import AccountsFile
from leverkit.jobs.many_accounts.rows import GOOD, AccountRow, named_rows, places, rows
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Html, Section, facts, page, table
from leverkit.report.masthead import is_local
from leverkit.report.text import count, figures, share
from leverkit.storage.files import SHARED, write_atomic, write_json
from leverkit.storage.table_file import write_frame

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 100  # accounts before the rest unfolds
TAGS = 3  # that are named of those that are still being split


class AccountsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts, the worst first, as of a time (ISO 8601, UTC)."""

    format: int = 1
    made_at: str
    anonymised: bool = False
    accounts: tuple[AccountRow, ...]


@dataclass(frozen=True)
class AccountsOverview:
    """How many accounts stand; `demo` is True where one of them is emulated on this computer."""

    document: AccountsDocument
    demo: bool = False

    @classmethod
    def of(cls, known: AccountsFile | None, home: Path, *, anonymise: bool = False) -> AccountsOverview:
        """Read the files of the accounts of accounts.toml and of a workspace.

        Anonymised accounts have salted ids: the same ones on every page of this workspace.
        """
        found = rows(places(known, home))
        demo = any(is_local(row.host) for row in found)
        if anonymise:
            found = list(named_rows(found, PersonDisplay.of(home, anonymise=True).name))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(AccountsDocument(made_at=now, anonymised=anonymise, accounts=tuple(found)), demo)

    @property
    def accounts(self) -> tuple[AccountRow, ...]:
        """Return one row per account, the worst first."""
        return self.document.accounts

    @property
    def headline(self) -> str:
        """Return how the accounts stand, in a sentence."""
        bad = sum(row.trouble != 0 for row in self.accounts)
        unread = sum(row.gaps is None and not row.trouble for row in self.accounts)
        left = sum(bool(row.to_copy or row.to_decide) and not row.trouble for row in self.accounts)
        parts = [f"{bad:,} with a problem"] * bool(bad) + [f"{unread:,} not read yet"] * bool(unread)
        parts += [f"{left:,} with gaps to decide or to copy"] * bool(left)
        return f"{count(len(self.accounts), 'account')}: {', '.join(parts) or 'nothing to do'}"

    @property
    def figures(self) -> dict[str, object]:
        """Return sums over all accounts, each with its noun."""
        names = ("gaps", "to_decide", "to_copy", "splits")
        gaps, decide, copy, splits = (sum(getattr(row, name) or 0 for row in self.accounts) for name in names)
        bad = sum(row.trouble != 0 for row in self.accounts)
        return figures(
            (len(self.accounts), "account"),
            (bad, "account with a problem", "accounts with a problem"),
            (gaps, "gap"),
            (decide, "gap to decide", "gaps to decide"),
            (copy, "gap to copy", "gaps to copy"),
            (splits, "split in the last readings", "splits in the last readings"),
        )

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row per account, as the page shows it."""
        import pandas as pd

        whole = dict.fromkeys(("Gaps", "To decide", "To copy"), "Int64")
        return pd.DataFrame([_shown(row) for row in self.accounts]).astype(whole)

    def write(self, path: Path) -> list[Path]:
        """Write the page, and beside it the same rows as CSV and JSON; return the three paths."""
        import pandas as pd

        beside = path.with_suffix(".json")
        write_atomic(path, self.page().encode(), mode=SHARED)
        write_json(beside, self.document, mode=SHARED)
        cells = pd.DataFrame([msgspec.structs.asdict(row) for row in self.accounts], dtype=object)
        return [path, write_frame(cells, path.with_suffix(".csv")), beside]

    def page(self) -> str:
        """Return the page."""
        ids = " Names are replaced by ids that identify no customer." if self.document.anonymised else ""
        shown = table(self.frame, limit=SHOWN, unfold=len(self.accounts), caption=f"The worst first.{ids}")
        mark = "DEMO, invented people on this computer. " if self.demo else ""
        head = Html('<p class="masthead{}">{}As of {} UTC</p>').format(
            " demo" if mark else "", mark, self.document.made_at[:16].replace("T", " ")
        )
        sections = [Section("In numbers", [facts(self.figures)]), Section("Accounts", [shown])]
        return page(self.headline, sections, masthead=head, footer="leverkit overview --all")


def _shown(row: AccountRow) -> dict[str, object]:
    """Return the cells of an account, in words for people."""
    tags = f": {', '.join(row.splitting[:TAGS])}" if row.splitting else ""
    return {
        "Account": " ".join(filter(None, (row.account, f"({', '.join(row.labels)})" if row.labels else ""))),
        "Read": row.read_at[:10] or "–",
        "Gaps": row.gaps,
        "To decide": row.to_decide,
        "To copy": row.to_copy,
        "Decided": "–" if row.decided is None else share(row.decided / 100),
        "Still split": "–" if row.splits is None else f"{row.splits:,}{tags}",
        "Last sync": _ended(row.last_sync, row.last_sync_code, row.last_sync_at) or "–",
        "What to do": " ".join(filter(None, (_failed(row), row.to_do))),
    }


def _failed(row: AccountRow) -> str:
    """Return what went wrong last; empty where nothing did."""
    if row.problem or row.last_command_code in (None, *GOOD):
        return f"{row.problem}." if row.problem else ""
    return f"{row.last_command}: {_ended(row.last_outcome, row.last_command_code, row.last_command_at)}."


def _ended(what: str, code: int | None, at: str) -> str:
    moment = at[:16].replace("T", " ")
    return f"{what}{'' if code is None else f' ({code})'}, {moment}" if at else ""
