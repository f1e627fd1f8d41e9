"""Which account a key opens: ids that only this account has, compared with what was known of an account.

The ids of archive reasons, stages and users are an account's own; names, the key, and the stages that every
account has (`lead-new`) are not. It is the same account where most of what was known is there still, so a
reason more or less changes nothing. A copy of an account has its ids: the host tells it from the original.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from shlex import quote

import msgspec

from leverkit.api.auth import same_host
from leverkit.errors import ApiError, Refused
from leverkit.storage.account_registry import Confirmation, KnownAccount, keep_account, read_accounts
from leverkit.storage.files import digest

PATHS = {"reason": "/archive_reasons", "stage": "/stages", "user": "/users"}
WORDS = {"reason": "archive reasons", "stage": "stages", "user": "users", "host": "hosts"}
ENOUGH = 3  # ids; of a kind after which the next need not be read
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class AccountLabel(msgspec.Struct, frozen=True):
    """What people say of an account: its name, if it is the demo, and the workspace that knows it."""

    name: str = ""
    demo: bool = False
    workspace: Path | None = None


class Agreement(msgspec.Struct, frozen=True):
    """How many of the known ids of each kind an account has still, and how many were known."""

    kinds: dict[str, tuple[int, int]]

    @property
    def is_same(self) -> bool:
        """Return True if most ids agree, and some of each kind."""
        agreeing, known = (sum(pair[of] for pair in self.kinds.values()) for of in (0, 1))
        return 2 * agreeing > known and all(agree for agree, _ in self.kinds.values())

    @property
    def is_doubtful(self) -> bool:
        """Return True if it may be the same account: some ids agree, or there are too few kinds to tell."""
        return not self.is_same and (len(self.kinds) < 2 or self.has_some)

    @property
    def has_some(self) -> bool:
        """Return True if an id agrees."""
        return any(agree for agree, _ in self.kinds.values())

    def __str__(self) -> str:
        parts = [f"{agree} of {known} {WORDS[kind]}" for kind, (agree, known) in self.kinds.items()]
        return f"{' and '.join(parts)} agree" if parts else "no id of it was noted then"


class Account:
    """The account that a client opens; its ids are read when they are needed, once.

    `read` returns the ids of a listing. Threads may share it.
    """

    def __init__(self, read: Callable[[str], Iterable[str]], host: str, label: AccountLabel) -> None:
        self.host, self.label = host, label
        self._read, self._lock = read, threading.RLock()
        self._found: dict[str, frozenset[str]] = {}
        self._id = ""

    @property
    def id(self) -> str:
        """Return the id that the account was given first, or, where it is not known here, a new one.

        It has 12 hex digits. Raises ApiError, and UsageError where the registry cannot be read.
        """
        if not self._id:
            known = self.registered()
            self._id = known.id if known else self._new_id()
        return self._id

    @property
    def name(self) -> str:
        """Return what people call the account, now or earlier; empty where they gave it no name."""
        known = self.registered()
        return self.label.name or (known.name if known else "")

    @property
    def title(self) -> str:
        """Return the account's name, if it has one, and its id."""
        return " ".join(filter(None, (self.name, self.id)))

    def ids(self, *kinds: str) -> tuple[str, ...]:
        """Return ids by which to recognise the account: archive reasons and `kinds`, more where they are few.

        An account without any of these has its host alone.
        """
        found: frozenset[str] = frozenset()
        for kind in PATHS:
            if kind in ("reason", *kinds) or len(found) < ENOUGH:
                found |= self._of(kind)
        return tuple(sorted(found or {f"host:{self.host}"}))

    def note(self, kind: str, ids: Iterable[str]) -> None:
        """Take over the ids of a listing that was read anyway."""
        self._found[kind] = _own(kind, ids)

    def fingerprint(self) -> str:
        """Return 12 hex digits that follow from the ids that the account has now."""
        return _hash(self._of("reason") or self.ids())

    def agreement(self, known: Iterable[str]) -> Agreement:
        """Compare with known ids; kinds after the archive reasons are read only where those do not decide."""
        kinds: dict[str, tuple[int, int]] = {}
        for kind in WORDS:
            if ids := {each for each in known if each.startswith(f"{kind}:")}:
                kinds[kind] = (len(ids & self._of(kind)), len(ids))
                if kind == "reason" and kinds[kind][0] > 1 and Agreement(kinds).is_same:
                    break
        return Agreement(kinds)

    def registered(self) -> KnownAccount | None:
        """Return what the workspace knows of this account; None where it does not know it."""
        known = self._known_here()
        reasons = [(each, [i for i in each.account_ids if i.startswith("reason:")]) for each in known]
        clear = (each for each, ids in reasons if len(ids) > 1 and self.agreement(ids).is_same)
        return next(clear, None) or next((e for e in known if self.agreement(e.account_ids).is_same), None)

    def doubtful(self) -> tuple[KnownAccount, Agreement] | None:
        """Return an account of the workspace that this may be, with what agrees; None where there is none.

        One whose ids were not noted may be any account of its host.
        """
        here = self._known_here()
        if self.registered() or self.fingerprint() in {each.id for each in here}:
            return None
        found = ((each, self.agreement(each.account_ids)) for each in here)
        return next((pair for pair in found if pair[1].has_some or not pair[1].kinds), None)

    def folder_in(self, home: Path) -> Path:
        """Return its folder in a workspace. Raises Refused where it may be one that is known there."""
        if doubtful := self.doubtful():
            known, found = doubtful
            title = " ".join(filter(None, (known.name, known.id)))
            snapshot = quote(str(home / known.id / "snapshot"))
            raise Refused(
                f"the key opens an account that may be {title}, which is known in {home}: {found}; nothing "
                f"was done. If it is, say so once: `leverkit pull -o {snapshot} --same-account`; "
                "if not, set LEVERKIT_WORKSPACE to another folder"
            )
        return home / self.id

    def remember(self, account: str = "", *, confirmed: Confirmation | None = None) -> None:
        """Note in the workspace, if there is one, the ids by which this account is recognised.

        `account` is the id that it is known by. Raises UsageError where that cannot be written, Locked.
        """
        here = self._known_here()
        named = next((each for each in here if each.id == account), None)
        if self.label.workspace is None or not (named or confirmed or not self.doubtful()):
            return
        before = self.registered() or named or KnownAccount(id=account or self.id, host=self.host)
        also = dict.fromkeys((*before.also, *((account,) if account not in ("", before.id) else ())))
        after = msgspec.structs.replace(
            before,
            name=self.label.name or before.name,
            account_ids=self._with_unread(before.account_ids),
            also=tuple(also),
            confirmed=before.confirmed + ((confirmed,) if confirmed else ()),
        )
        if after not in here:
            keep_account(self.label.workspace, after)

    def require_same(
        self,
        account: str,
        known: tuple[str, ...],
        host: str,
        *,
        what: str,
        else_: str,
        same_account: bool = False,
    ) -> Confirmation | None:
        """Raise Refused unless this is the account that `what` is for, by its id, its known ids and its host.

        `else_` is what to do if it is not. With `same_account` a person says that a doubtful one is the
        same; that is returned, to be recorded.
        """
        if not same_host(host, self.host):
            raise Refused(
                f"{what} was made at {host}, the key is for {self.host}; nothing was done. "
                f"Check LEVER_BASE_URL, or {else_}"
            )
        found = self.agreement(known)
        if account == self.fingerprint() or found.is_same or self._is_registered_as(account):
            return None
        if not known and account == _hash(self._of("reason")):  # a plan or snapshot without ids
            return None
        if same_account and found.is_doubtful:
            ids = self._with_unread(())
            return Confirmation(known=account, account=self.id, account_ids=ids, agreed=str(found))
        advice = f"Check LEVER_API_KEY, or {else_}"
        if found.is_doubtful:
            advice += "; if it is the same account all the same, say so with --same-account"
        raise Refused(
            f"{what} is for account {account}, the key opens {self.id} ({self.host}): {found}; "
            f"nothing was done. {advice}"
        )

    def _of(self, kind: str) -> frozenset[str]:
        """Return the ids of a kind; a kind other than the first that the key may not read has none."""
        if kind == "host":
            return frozenset() if any(map(self._of, PATHS)) else frozenset({f"host:{self.host}"})
        with self._lock:
            if kind not in self._found:
                try:
                    self.note(kind, self._read(PATHS[kind]))
                except ApiError as error:
                    if kind == "reason" or not error.means_no_access:
                        raise
                    self.note(kind, ())
        return self._found[kind]

    def _is_registered_as(self, account: str) -> bool:
        here = self.registered()
        return here is not None and account in (here.id, *here.also)

    def _known_here(self) -> list[KnownAccount]:
        """Return the accounts of this host that the workspace knows."""
        return [each for each in read_accounts(self.label.workspace) if same_host(each.host, self.host)]

    def _new_id(self) -> str:
        """Return the fingerprint, unless the workspace knows a copy of the account by it, at another host."""
        here, known = self._known_here(), read_accounts(self.label.workspace)
        new = self.fingerprint()
        taken = new in {each.id for each in known if each not in here}
        return digest((new, self.host))[:12] if taken else new

    def _with_unread(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return the ids that the account has now, and of kinds that were not read those known before."""
        now = set().union(*self._found.values())
        unread = {each for each in known if each.split(":")[0] not in (*self._found, "host")}
        return tuple(sorted(now | unread)) or self.ids()


def _own(kind: str, ids: Iterable[str]) -> frozenset[str]:
    """Return ids with their kind; of stages without the slugs, which are the same in other accounts."""
    return frozenset(f"{kind}:{each}" for each in ids if kind != "stage" or UUID.fullmatch(each))


def _hash(ids: Iterable[str]) -> str:
    bare = sorted(each.partition(":")[2] for each in ids)
    return hashlib.sha256("\n".join(bare).encode()).hexdigest()[:12]
