"""Pictures that answer one question each, under the finding as title.

Every one takes a frame with the columns named, and says in words (`alt`) what it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leverkit.report.chart_style import COLOURS, PLAIN, SOFT, chart, count_along, in_order, label, legend
from leverkit.report.html import Chart
from leverkit.report.text import count, share

if TYPE_CHECKING:
    import pandas as pd


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
        axes.bar_label(bars, labels=[f"{n:,}" for n in missing], padding=4, color=SOFT, fontsize=9.5)
        axes.set_yticks(rows, [label(tag) for tag in shown["tag"]])
        words = "opportunities\npale, with the number: without the tag"
        count_along(axes, words + _shown(shown, frame))
        axes.margins(x=0.12)
        if len(set(kinds)) > 1:
            legend(axes, in_order(kinds))

    return chart(draw, title=title, alt=f"{title}. Missing: {words}", rows=len(shown) + 1)


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
        axes.bar_label(bars, labels=[f"{n:,}" for n in counts.values()], padding=4, color=SOFT)
        axes.set_yticks(range(len(counts)), [f"{name} opportunities" for name in counts])
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.margins(x=0.14)

    return chart(draw, title=title, alt=f"{title}: {words}", rows=len(counts))


def chart_outcomes(frame: pd.DataFrame, *, title: str) -> Chart:
    """Draw where the operations of a run stand. Takes columns `outcome` and `operations`."""
    pairs = [(str(o), int(n)) for o, n in zip(frame["outcome"], frame["operations"], strict=True) if n]
    words = ", ".join(f"{operations:,} {outcome}" for outcome, operations in pairs)

    def draw(axes: Any) -> None:
        start = 0
        for outcome, operations in pairs:
            axes.barh(
                0, operations, left=start, color=COLOURS.get(outcome, PLAIN), height=0.6, edgecolor="white"
            )
            start += operations
        axes.set_yticks([])
        axes.set_xlim(0, max(start, 1))
        axes.set_xticks([0, start], ["0", f"{start:,}"])
        legend(axes, [outcome for outcome, _ in pairs], [f"{outcome} {n:,}" for outcome, n in pairs])

    return chart(draw, title=title, alt=f"{title}: {words}", rows=1.6)


def chart_change(frame: pd.DataFrame, *, title: str, limit: int = 14) -> Chart:
    """Draw by how many opportunities each tag changes. Takes `tag`, `before`, `after`."""
    shown = frame.head(limit)
    before, after = list(shown["before"]), list(shown["after"])
    changes = list(zip(shown["tag"], before, after, strict=True))
    words = ", ".join(f"{tag} {old:,} to {new:,}" for tag, old, new in changes)

    def draw(axes: Any) -> None:
        rows = range(len(shown))
        by = [new - old for _, old, new in changes]
        colours = [COLOURS["contact"] if change >= 0 else PLAIN for change in by]
        bars = axes.barh(rows, by, color=colours, height=0.68)
        texts = [f"{new - old:+,}  ({old:,} → {new:,})".replace("-", "−") for _, old, new in changes]
        axes.bar_label(bars, labels=texts, padding=4, color=SOFT, fontsize=9.5)
        axes.set_yticks(rows, [label(tag) for tag in shown["tag"]])
        count_along(axes, f"change in opportunities with the tag{_shown(shown, frame)}")
        axes.axvline(0, color="#C5CDD5", linewidth=1)
        low, high = min(0, *by, 0), max(0, *by, 0)
        room = _room(texts) * max(high - low, 1)
        axes.set_xlim(low - room * (low < 0), high + room * (high > 0 or low == 0))

    return chart(draw, title=title, alt=f"{title}. {words}", rows=len(shown) + 1)


def _room(texts: list[str]) -> float:
    """Return the room that labels need beside the longest bar, as a multiple of that bar."""
    inches, axes = 0.08 + 0.07 * max(map(len, texts)), 2.7
    return min(inches / max(axes - inches, 0.1), 3.0)


def chart_agreement(frame: pd.DataFrame, *, title: str, named: int = 7) -> Chart:
    """Draw how much of its people's opportunities a tag covers against how often siblings agree on it.

    Takes `tag`, `coverage`, `agreement` (shares), `missing` (the size of the dot) and `kind`.
    """
    shown = frame.dropna(subset=["coverage", "agreement"])
    shown = shown.sort_values(["agreement", "missing", "tag"], ascending=[False, False, True])
    kinds = in_order(shown["kind"])[::-1]  # those of postings first, below the others
    best = shown[shown["kind"] != "from a posting"].head(named)
    words = ", ".join(
        f"{tag} covers {share(covers)}, siblings agree {share(agree)}"
        for tag, covers, agree in zip(best["tag"], best["coverage"], best["agreement"], strict=True)
    )

    def draw(axes: Any) -> None:
        from matplotlib.ticker import PercentFormatter

        for kind in kinds:
            own = shown[shown["kind"] == kind]
            sizes = 16 + 260 * own["missing"] / max(shown["missing"].max(), 1)
            colour = COLOURS[str(kind)]
            axes.scatter(own["coverage"], own["agreement"], s=sizes, color=colour, alpha=0.6, linewidth=0)
        axes.set(xlim=(0, 1.05), ylim=(1.06, -0.06))  # turned over by `chart`
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("share of its people's opportunities with it (larger dot: more gaps)", fontsize=9.5)
        axes.set_ylabel("siblings that have it too", fontsize=9.5)
        axes.grid(color="#E8ECF0")
        axes.set_axisbelow(True)
        corner = {"color": SOFT, "fontsize": 9, "style": "italic"}
        axes.text(0.02, 1.0, "here: on (nearly) all opportunities of a person", va="center", **corner)
        axes.text(1.03, 0.03, "here: on one opportunity of a person", ha="right", va="center", **corner)
        _name(axes, best)
        legend(axes, kinds[::-1])

    return chart(draw, title=title, alt=f"{title}. Most agreement: {words}", rows=9)


def _name(axes: Any, rows: pd.DataFrame) -> None:
    """Write the tags beside their dots, those left out that would lie on another."""
    from matplotlib.patheffects import withStroke

    taken: list[tuple[float, float]] = []
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for tag, x, y in zip(rows["tag"], rows["coverage"], rows["agreement"], strict=True):
        if all(abs(y - other) > 0.05 or abs(x - beside) > 0.4 for beside, other in taken):
            taken.append((x, y))
            left = {"ha": "right", "xytext": (-7, 0)} if x > 0.55 else {"xytext": (7, 0)}
            style = {"textcoords": "offset points", "va": "center", "fontsize": 8.5, "color": SOFT}
            axes.annotate(label(tag, 26), (x, y), **style, **left, path_effects=halo, zorder=5)


def _shown(rows: pd.DataFrame, of: pd.DataFrame) -> str:
    return f"\n{len(rows):,} of {count(len(of), 'tag')} shown" if len(rows) < len(of) else ""


def chart_spellings(groups: list[list[tuple[str, int]]], *, title: str, limit: int = 10) -> Chart:
    """Draw how many opportunities carry another than the likely right spelling, which is first in its group.

    A group holds the spellings with how often each is used.
    """
    shown = groups[:limit]
    words = "; ".join(", ".join(f"{tag} on {used:,}" for tag, used in group) for group in shown)
    apart = [sum(used for _, used in group[1:]) for group in shown]

    def draw(axes: Any) -> None:
        bars = axes.barh(range(len(shown)), apart, color=COLOURS["contact"], height=0.68)
        more = [" …" if len(group) > 2 else "" for group in shown]
        others = [label(group[1][0], 26) + rest for group, rest in zip(shown, more, strict=True)]
        named = [f"{number:,}  {other}" for number, other in zip(apart, others, strict=True)]
        axes.bar_label(bars, labels=named, padding=4, color=SOFT, fontsize=9.5)
        axes.set_yticks(range(len(shown)), [f"{label(group[0][0])} ({group[0][1]:,})" for group in shown])
        count_along(axes, "opportunities with another spelling")
        axes.set_xlim(0, 2.2 * max(apart, default=1))

    return chart(draw, title=title, alt=f"{title}: {words}", rows=len(shown) + 1)


def chart_readiness(history: pd.DataFrame, *, title: str) -> Chart:
    """Draw per cent decided and ready from snapshot to snapshot. Takes `taken_at`, `decided` and `ready`."""
    import pandas as pd

    days = pd.to_datetime(history["taken_at"], utc=True)
    pairs = zip(days, history["ready"], strict=True)
    words = ", ".join(f"{day:%Y-%m-%d} {ready:.0f}%" for day, ready in pairs)

    def draw(axes: Any) -> None:
        for name, colour in (("decided", COLOURS["opportunity"]), ("ready", COLOURS["done"])):
            axes.plot(range(len(days)), history[name], color=colour, marker="o", linewidth=2, markersize=5)
        axes.set_ylim(105, -5)  # turned over by `chart`
        axes.set_yticks([0, 50, 100], ["0%", "50%", "100%"])
        _days_along(axes, days)
        axes.margins(x=0.12)
        legend(axes, ["opportunity", "done"], ["decided", "ready"])

    return chart(draw, title=title, alt=f"{title}: {words}", rows=4)


def chart_readings(frame: pd.DataFrame, *, title: str) -> Chart:
    """Draw what each reading found, stacked. Takes `taken_at`, then up to four columns of numbers."""
    from itertools import pairwise

    names = [str(name) for name in frame.columns if name != "taken_at"]
    kinds = ["failed", "contact", "opportunity", "ignore"][: len(names)]
    tops = [[0] * len(frame), *frame[names].cumsum(axis="columns").T.to_numpy().tolist()]
    words = ", ".join(
        f"{day:%Y-%m-%d} {int(number):,}" for day, number in zip(frame["taken_at"], tops[-1], strict=True)
    )

    def draw(axes: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        for kind, (low, high) in zip(kinds, pairwise(tops), strict=True):
            height = [top - bottom for bottom, top in zip(low, high, strict=True)]
            axes.bar(range(len(frame)), height, bottom=low, color=COLOURS[kind], width=0.72)
        axes.set_ylim(max(1, *tops[-1]) * 1.08, 0)  # turned over by `chart`
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        _days_along(axes, frame["taken_at"])
        axes.set_xlim(-0.8, max(len(frame), 6) - 0.2)
        legend(axes, kinds, [label(name, 18) for name in names])

    return chart(draw, title=title, alt=f"{title}: {words}", rows=6)


def _days_along(axes: Any, days: pd.Series[Any]) -> None:
    """Let the horizontal axis name the first, a middle and the last day; their times where days are equal."""
    places = sorted({0, len(days) // 2, len(days) - 1}) if len(days) > 2 else range(len(days))
    ends = [days.iloc[place] for place in places]
    below = "%Y" if len({end.date() for end in ends}) == len(ends) else "%H:%M"
    # Two short lines: with few readings the bars stand closer than whole dates are wide.
    axes.set_xticks(places, [f"{end.day} {end:%b}\n{end:{below}}" for end in ends])
