"""Pictures of gaps: in which month they came about, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leverkit.report.chart_style import COLOURS, chart, count_along, label, legend
from leverkit.report.html import Chart
from leverkit.report.text import count

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 6  # values of an origin, and postings
NO_POSTING = "no posting"  # as `AuditFacts.gaps` has it


def chart_months(frame: pd.DataFrame, *, title: str) -> Chart:
    """Draw how many gaps came about in each month, stacked by kind.

    Takes a row per month, one after the other, and a column per kind.
    """
    months, kinds = [str(month) for month in frame.index], [str(kind) for kind in frame.columns]
    totals = frame.sum(axis="columns").tolist()
    words = ", ".join(f"{month} {int(total):,}" for month, total in zip(months, totals, strict=True) if total)

    def draw(axes: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        below = [0] * len(frame)
        for kind in kinds:
            heights = frame[kind].tolist()
            axes.bar(range(len(frame)), heights, bottom=below, color=COLOURS[kind], width=0.86)
            below = [low + height for low, height in zip(below, heights, strict=True)]
        axes.set_ylim(max(1, *totals, 1) * 1.08, 0)  # turned over by `chart`
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_ylabel("gaps", fontsize=9.5)
        starts = [at for at, month in enumerate(months) if month.endswith("-01")] or [0]
        starts = starts[:: 1 + len(starts) // 7]
        axes.set_xticks(starts, [months[at][:4] if len(months) > 12 else months[at] for at in starts])
        axes.set_xlim(-0.8, max(len(frame), 6) - 0.2)
        legend(axes, kinds)

    return chart(draw, title=title, alt=f"{title}. {words}", rows=6.5)


def chart_where(origins: pd.DataFrame, postings: pd.DataFrame, *, title: str) -> Chart:
    """Draw how many gaps are on opportunities of each origin and posting, stacked by kind.

    Take a row per value, the largest first, and a column per kind.
    """
    kinds = [str(kind) for kind in origins.columns]
    parts = (origins.head(SHOWN), postings.head(SHOWN))
    names = [[label(name, 30) for name in part.index] for part in parts]
    groups = zip(("by origin", "by posting"), parts, strict=True)
    words = "; ".join(
        f"{group}: " + ", ".join(f"{name} {int(n):,}" for name, n in part.sum(axis="columns").items())
        for group, part in groups
    )

    def draw(axes: Any) -> None:
        places = list(range(len(parts[0]))), [len(parts[0]) + 0.8 + at for at in range(len(parts[1]))]
        for rows, part in zip(places, parts, strict=True):
            left = [0] * len(part)
            for kind in kinds:
                widths = part[kind].tolist()
                bars = axes.barh(rows, widths, left=left, color=COLOURS[kind], height=0.7)
                left = [start + width for start, width in zip(left, widths, strict=True)]
            axes.bar_label(bars, labels=[f"{total:,}" for total in left], padding=4, fontsize=9.5)
        axes.set_yticks([*places[0], *places[1]], [*names[0], *names[1]])
        count_along(axes, f"gaps, by origin and by posting{_shown(postings)}")
        axes.margins(x=0.12)
        legend(axes, kinds)

    return chart(draw, title=title, alt=f"{title}. {words}", rows=len(parts[0]) + len(parts[1]) + 2.2)


def _shown(postings: pd.DataFrame) -> str:
    """Return how many postings are not drawn; empty where all are. Gaps without one are drawn as well."""
    drawn, every = (rows.index.difference([NO_POSTING]).size for rows in (postings.head(SHOWN), postings))
    return f"\n{drawn:,} of {count(every, 'posting')} shown" if drawn < every else ""
