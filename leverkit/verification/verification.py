"""The result of a verification: the status of every (opportunity, tag), and Lever's tag counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import Partial, VerificationFailed
from leverkit.migration.records import SINCE, SeenUndone
from leverkit.planning.waves import ALL
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.text import count
from leverkit.storage import files

if TYPE_CHECKING:
    import pandas as pd

STATUSES = {
    "=": "as expected",
    "+": "missing",
    "-": "unexpected",
    ">": "written by later waves already",
    "~": "stored by Lever in another form than planned",
    "*": "changed outside this plan",
    "!": "could not be read",
}
DIFFERENCES, NAMED = "differences.csv", 5  # changes by others that a note names; verify.json has all
LATE = "Lever's counts may lag: verify again in a few minutes"
UNSEEN = "unseen"  # what Lever may count and the key cannot see
RENAMED = "renamed"  # reported of a copy that is left under the tag that its own became in Lever
LEFT_ALONE = ("drifted", "gone")  # outcomes in which a planned change was not made, on purpose


class PairCheck(msgspec.Struct, frozen=True, gc=False):
    """The status of one (opportunity, tag), and what the run reported of it.

    `reported` is its outcome by result.json where it is not done, SINCE, RENAMED, or the other plan of ours
    that changed it.
    """

    status: str = msgspec.field(name="sign")
    contact: str
    opportunity: str
    tag: str
    reported: str = ""

    @property
    def wrong(self) -> bool:
        """Return True if the pair is not as planned, and neither left alone on purpose nor changed since."""
        return self.status in "+-!" and self.reported not in (*LEFT_ALONE, SINCE, RENAMED)


class Change(msgspec.Struct, frozen=True):
    """An opportunity outside the plan that got (+1) or lost (-1) a tag since the snapshot.

    `plan_id` begins that of our plan that made the change; empty where others did.
    """

    opportunity: str
    by: int
    plan_id: str = ""

    def __str__(self) -> str:
        whose = f", plan {self.plan_id}" if self.plan_id else ""
        return f"{self.opportunity} ({self.by:+d}{whose})"


class Count(msgspec.Struct, frozen=True):
    """A tag's count at Lever beside the prediction.

    `explained` is the difference that the opportunities of the plan's contacts account for; `others` are
    the changes to other opportunities since the snapshot; `recount` counts every holder that can be read;
    `off` is by how much Lever's count differed from the listing at the snapshot. `left_out` is the kind
    that Lever does not count, as a reading of every holder showed.
    """

    tag: str
    predicted: int
    listed: int
    explained: int = 0
    others: tuple[Change, ...] = ()
    recount: int | None = None
    off: int = 0
    left_out: str = ""

    @property
    def unexplained(self) -> int:
        """Return the difference that no opportunity explains."""
        return self.listed - self.predicted - self.explained - sum(change.by for change in self.others)

    @property
    def wrong(self) -> bool:
        """Return True if nothing that can be read accounts for the difference."""
        return self.unexplained != 0 and self.recount != self.listed and not self.left_out

    @property
    def note(self) -> str:
        """Return the difference in words; empty if there is none."""
        if self.listed == self.predicted:
            return ""
        text = f"{self.tag!r}: {self.listed} at Lever, {self.predicted} predicted"
        if self.explained:
            text += f"; {self.explained:+d} by the opportunities that differ"
        if self.others:
            text += f"; outside this plan since the snapshot: {', '.join(map(str, self.others[:NAMED]))}"
        if len(self.others) > NAMED:
            text += f" and {len(self.others) - NAMED} more"
        if self.off:
            text += f"; at the snapshot Lever's count was {self.off:+d} off its own listing already"
        if self.wrong:
            text += f"; {self.unexplained:+d} not explained"
        elif self.left_out == UNSEEN:
            text += "; every opportunity that should carry it was found, as far as this key can see them"
        elif self.left_out:
            text += "; every opportunity that should carry it was found, and Lever counts all but the "
            text += f"{self.left_out} ones"
        elif self.unexplained:
            text += "; every opportunity that carries it was found, the count at the snapshot was out of date"
        return text

    def note_for(self, people: PersonDisplay) -> str:
        """Return the difference in words, with salted ids if people are anonymised."""
        text = self.note
        for change in self.others:
            text = people.hidden(text, change.opportunity)
        return text


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification.

    `checked` holds every planned pair and every other tag that differs; `same` counts the other tags. `wave`
    is the part of the plan that was verified, `began_ms` when reading began (ms since the epoch),
    `journal_end` the length and the head of the journal, `after` the tags that the plan's opportunities have,
    `hint` why the account cannot be as planned, if the files of the
    run tell, `renamed` which tags a rollback found renamed, in words; `undone` are the run's changes that
    this or an earlier verification did not find in place.
    """

    run: str
    plan_id: str
    account: str = ""
    account_name: str = ""
    host: str = ""
    demo: bool = False
    wave: str = ALL
    began_ms: int = 0
    journal_end: tuple[int, str] = (0, "")
    checked: tuple[PairCheck, ...]
    same: int
    counts: tuple[Count, ...]
    after: dict[str, tuple[str, ...]] = {}
    hint: str = ""
    renamed: tuple[str, ...] = ()
    undone: tuple[SeenUndone, ...] = ()

    @property
    def signs(self) -> dict[str, int]:
        """Return the number of pairs with each status."""
        found = Counter(pair.status for pair in self.checked)
        return {status: found[status] for status in STATUSES}

    @property
    def differences(self) -> list[PairCheck]:
        """Return the pairs that are neither as expected nor written by later waves."""
        return [pair for pair in self.checked if pair.status not in "=>"]

    @property
    def exit_code(self) -> int:
        """Return 0 where all is as planned, 3 where the rest was left on purpose or undone since, else 6."""
        if any(pair.wrong for pair in self.checked) or any(count.wrong for count in self.counts):
            return VerificationFailed.exit_code
        if any(pair.status in "+-!" for pair in self.checked):
            return Partial.exit_code
        return 0

    @property
    def ok(self) -> bool:
        """Return True if the account is as planned."""
        return self.exit_code == 0

    @property
    def summary(self) -> str:
        """Return the result in one line."""
        found = [(number, STATUSES[status]) for status, number in self.signs.items() if number]
        signs = ", ".join(f"{count(number, 'tagging')} {words}" for number, words in found)
        agree = sum(count.listed == count.predicted for count in self.counts)
        some = "" if self.wave == ALL else f" (wave {self.wave})"
        since = sum(pair.reported == SINCE for pair in self.checked)
        signs += f" ({since} of them seen in place by the run and changed since)" if since else ""
        ours = sum(pair.status == "*" and bool(pair.reported) for pair in self.checked)
        signs += f" ({ours} of them by other plans of ours)" if ours else ""
        verdict = {0: "verified", Partial.exit_code: "verified in part"}.get(self.exit_code, "NOT as planned")
        parts = [
            signs or "nothing was planned",
            f"{agree} of {count(len(self.counts), 'tag count')} as predicted",
        ]
        return f"{verdict}{some}: {'; '.join(parts)}"

    def require(self) -> Verification:
        """Return the verification if all is as planned; else raise VerificationFailed or Partial."""
        text = f"{self.run}: {self.summary}" + (f". {self.hint}" if self.hint else "")
        if self.exit_code == VerificationFailed.exit_code:
            raise VerificationFailed(text)
        if self.exit_code:
            raise Partial(text)
        return self

    def write(self) -> None:
        """Write verify.json (statuses, differences, tag counts) and after.json into the run folder."""
        document = {
            "format": 1,
            "plan_id": self.plan_id,
            "account": self.account,
            "account_name": self.account_name,
            "host": self.host,
            "demo": self.demo,
            "wave": self.wave,
            "began_ms": self.began_ms,
            "entries": self.journal_end[0],
            "head": self.journal_end[1],
            "ok": self.ok,
            "exit_code": self.exit_code,
            "summary": self.summary,
            "signs": self.signs,
            "other_tags_unchanged": self.same,
            "differences": self.differences,
            "tag_counts": self.counts,
            "notes": self.notes,
            "hint": self.hint,
            "undone": self.undone,
        }
        after = msgspec.json.encode(self.after, order="deterministic")
        files.write_atomic(Path(self.run) / "after.json", after)
        files.write_json(Path(self.run) / "verify.json", document)

    @property
    def notes(self) -> list[str]:
        """Return the differences between tag counts and prediction, in words."""
        return self.notes_for(PersonDisplay())

    def notes_for(self, people: PersonDisplay) -> list[str]:
        """Return the notes with people as `people` displays them."""
        found = [count.note_for(people) for count in self.counts if count.note]
        return [*self.renamed, *found] + [LATE] * any(count.wrong for count in self.counts)

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row per pair: sign, meaning, contact, opportunity, tag, reported."""
        import pandas as pd

        columns = ["sign", "meaning", "contact", "opportunity", "tag", "reported"]
        rows = [
            (c.status, STATUSES[c.status], c.contact, c.opportunity, c.tag, c.reported) for c in self.checked
        ]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        return f"<Verification of plan {self.plan_id[:12]}: {self.summary}>"

    def html(self, people: PersonDisplay) -> str:
        """Return the result as markup, with people as `people` displays them."""
        from leverkit.report.html import Html, bullets, table

        frame = self.frame
        differences = frame[~frame["sign"].isin(["=", ">"])]
        head = Html("<p><strong>Plan {}</strong>: {}</p>").format(self.plan_id[:12], self.summary)
        head += bullets(self.notes_for(people) + [self.hint] * bool(self.hint))
        words = f"Differences: {count(len(differences), 'tagging')}"
        file = None if people.salt else Path(self.run) / DIFFERENCES
        rest = f"{DIFFERENCES} in the run folder has all"
        rows = table(**people.table_arguments(differences, 15), caption=words, rest=rest, rows=file)
        return head + rows if len(differences) else head

    def _repr_html_(self) -> str:
        return self.html(PersonDisplay.at(self.host))
