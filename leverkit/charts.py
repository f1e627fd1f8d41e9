"""Pictures that answer one question each, drawn by matplotlib without pyplot and its global state.

Colours are Okabe and Ito's, told apart by colour-blind readers; letters stay readable on a phone.
A tag is text, never mathematics: `$` and control characters do nothing.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leverkit.report import Chart

if TYPE_CHECKING:
    import pandas as pd

COLOURS = {
    "contact": "#0072B2",
    "opportunity": "#E69F00",
    "ignore": "#8A8F98",
    "undecided": "#CC79A7",
    "done": "#009E73",
    "no_op": "#8CCFB7",
    "pending": "#B8C0C8",
    "drifted": "#E69F00",
    "gone": "#8A8F98",
    "failed": "#D55E00",
    "unknown": "#CC79A7",
}
_PLAIN = "#5B6B7A"
_INK, _SOFT = "#1f2933", "#52606d"
_STYLE: dict[Any, Any] = {
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "font.family": "sans-serif",
    "font.size": 10.5,
    "text.color": _INK,
    "axes.edgecolor": "#C5CDD5",
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "ytick.major.size": 0,
}


def chart_coverage(frame: pd.DataFrame, *, title: str, limit: int = 14) -> Chart:
    """Draw how far people who carry a tag carry it: opportunities with it, and without it, coloured by kind.

    Takes columns `tag`, `present` and `missing` (opportunities of people with several, who carry the tag)
    and `kind` (a scope), in the order to be shown.
    """
    shown = frame.head(limit)
    kinds = [str(kind) for kind in shown["kind"]]
    present, missing = [int(n) for n in shown["present"]], [int(n) for n in shown["missing"]]
    triples = zip(shown["tag"], missing, present, strict=True)
    words = ", ".join(f"{tag} on {lack:,} of {lack + have:,}" for tag, lack, have in triples)

    def draw(axes: Any) -> None:
        rows, colours = range(len(shown)), [COLOURS[kind] for kind in kinds]
        axes.barh(rows, present, color=colours, height=0.68)
        bars = axes.barh(rows, missing, left=present, color=colours, height=0.68, alpha=0.28)
        axes.bar_label(bars, labels=[f"{n:,}" for n in missing], padding=4, color=_SOFT, fontsize=9.5)
        axes.set_yticks(rows, [label(tag) for tag in shown["tag"]])
        axes.set_xlabel("opportunities (pale: without the tag)", fontsize=9.5, loc="left")
        axes.margins(x=0.12)
        if len(set(kinds)) > 1:
            _legend(axes, list(dict.fromkeys(kinds)))

    return _chart(draw, title=title, alt=f"{title}. Missing: {words}", rows=len(shown) + 1)


def chart_contacts(frame: pd.DataFrame, *, title: str, largest: int = 6) -> Chart:
    """Draw how many contacts have 2, 3, … opportunities. Takes columns `opportunities` and `contacts`."""
    counts: dict[str, int] = {}
    for opportunities, contacts in zip(frame["opportunities"], frame["contacts"], strict=True):
        if opportunities > 1:
            name = f"{opportunities}" if opportunities < largest else f"{largest} or more"
            counts[name] = counts.get(name, 0) + int(contacts)
    words = ", ".join(f"{contacts:,} with {name}" for name, contacts in counts.items())

    def draw(axes: Any) -> None:
        bars = axes.barh(range(len(counts)), list(counts.values()), color=COLOURS["contact"], height=0.68)
        axes.bar_label(bars, labels=[f"{n:,}" for n in counts.values()], padding=4, color=_SOFT)
        axes.set_yticks(range(len(counts)), [f"{name} opportunities" for name in counts])
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.margins(x=0.14)

    return _chart(draw, title=title, alt=f"{title}: {words}", rows=len(counts))


def chart_outcomes(frame: pd.DataFrame, *, title: str) -> Chart:
    """Draw where the operations of a run stand. Takes columns `outcome` and `operations`."""
    pairs = [(str(o), int(n)) for o, n in zip(frame["outcome"], frame["operations"], strict=True) if n]
    words = ", ".join(f"{operations:,} {outcome}" for outcome, operations in pairs)

    def draw(axes: Any) -> None:
        start = 0
        for outcome, operations in pairs:
            axes.barh(
                0, operations, left=start, color=COLOURS.get(outcome, _PLAIN), height=0.6, edgecolor="white"
            )
            start += operations
        axes.set_yticks([])
        axes.set_xlim(0, max(start, 1))
        axes.set_xticks([0, start], ["0", f"{start:,}"])
        _legend(axes, [outcome for outcome, _ in pairs], [f"{outcome} {n:,}" for outcome, n in pairs])

    return _chart(draw, title=title, alt=f"{title}: {words}", rows=1.6)


def chart_change(frame: pd.DataFrame, *, title: str, limit: int = 14) -> Chart:
    """Draw how many opportunities carry each tag before and after a run. Takes `tag`, `before`, `after`."""
    shown = frame.head(limit)
    before, after = list(shown["before"]), list(shown["after"])
    changes = list(zip(shown["tag"], before, after, strict=True))
    words = ", ".join(f"{tag} {old:,} to {new:,}" for tag, old, new in changes)

    def draw(axes: Any) -> None:
        rows = range(len(shown))
        axes.hlines(rows, before, after, color="#C5CDD5", linewidth=3, zorder=1)
        axes.scatter(
            before, rows, color="white", edgecolor=_PLAIN, s=46, linewidth=1.6, zorder=2, label="before"
        )
        axes.scatter(after, rows, color=COLOURS["contact"], s=52, zorder=2, label="after")
        for row, (_, old, new) in enumerate(changes):
            axes.annotate(
                f"{new - old:+,}",
                (max(old, new), row),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                color=_SOFT,
            )
        axes.set_yticks(rows, [label(tag) for tag in shown["tag"]])
        axes.set_xlabel("opportunities", fontsize=9.5)
        axes.margins(x=0.12, y=0.5 / max(len(shown), 1))
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            frameon=False,
            borderaxespad=0.2,
            handletextpad=0.2,
        )

    return _chart(draw, title=title, alt=f"{title}. {words}", rows=len(shown) + 1)


def label(tag: str, width: int = 24) -> str:
    """Return a tag as an axis can show it: one line, no control or direction characters, shortened."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(tag))
    line = " ".join(plain.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _legend(axes: Any, kinds: list[str], names: list[str] | None = None) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=COLOURS.get(kind, _PLAIN)) for kind in kinds]
    axes.legend(
        handles, names or kinds, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(kinds), 3),
        frameon=False, fontsize=9.5, handlelength=0.9, handleheight=0.9, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def _chart(draw: Callable[[Any], None], *, title: str, alt: str, rows: float, inches: float = 4.9) -> Chart:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    out = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Fonts lack signs that tags may hold; a box in their place is fine in a picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(inches, 0.9 + 0.3 * rows), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.invert_yaxis()
        figure.savefig(out, format="png", dpi=190)
    return Chart(_small(out), alt, round(inches * 100))


def _small(picture: io.BytesIO) -> bytes:
    """Return a PNG with a palette: a third of the bytes for pictures of a few flat colours."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(picture).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(
        out, format="png", optimize=True
    )
    return out.getvalue()
