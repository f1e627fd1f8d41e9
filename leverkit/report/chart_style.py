"""How pictures are drawn: colours, letters, labels, PNG; by matplotlib without pyplot and its global state.

Colours are Okabe and Ito's, told apart by colour-blind readers; letters stay readable on a phone.
A tag is text, never mathematics: `$` and control characters do nothing.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

from leverkit.report.html import TEMPLATES, Chart

COLOURS = {
    "contact": "#0072B2",
    "opportunity": "#E69F00",
    "ignore": "#8A8F98",
    "undecided": "#CC79A7",
    "to copy": "#0072B2",
    "likely missing": "#56B4E9",
    "open": "#CC79A7",
    "probably meant": "#E9C46A",
    "stays as it is": "#8A8F98",
    "from a posting": "#C5CDD5",
    "done": "#009E73",
    "no_op": "#8CCFB7",
    "pending": "#B8C0C8",
    "drifted": "#E69F00",
    "gone": "#8A8F98",
    "failed": "#D55E00",
    "unknown": "#CC79A7",
}
PLAIN = "#5B6B7A"
SOFT = "#52606d"
LINE = 0.178  # inches of a line of the title
LETTER = 0.064  # inches of a letter of the legend, on average
ENTRY = 0.39  # inches of its colour, and of the space before the next entry


def label(tag: str, width: int = 24) -> str:
    """Return a tag as an axis can show it: one line, no control or direction characters, shortened."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(tag))
    line = " ".join(plain.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def count_along(axes: Any, name: str) -> None:
    """Let the horizontal axis count whole things, thousands apart."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(name, fontsize=9.5, loc="left")


def legend(axes: Any, kinds: list[str], names: list[str] | None = None) -> None:
    """Name the kinds above the picture, each with its colour."""
    from matplotlib.patches import Patch

    figure, shown = axes.get_figure(), names or kinds
    columns = _columns(shown, figure.get_figwidth())
    rows = ceil(len(kinds) / columns)
    order = [place for column in range(columns) for place in range(column, len(kinds), columns)]
    handles = [Patch(color=COLOURS.get(kinds[place], PLAIN)) for place in order]
    sizes = {"handlelength": 0.9, "handleheight": 0.9, "columnspacing": 1.2, "borderaxespad": 0}
    title = figure.get_suptitle()
    top = 1 - (0.07 + LINE * (title.count("\n") + 1)) / figure.get_figheight()
    place = {"loc": "upper left", "bbox_to_anchor": (0, top), "ncols": columns, "frameon": False}
    figure.legend(handles, [shown[place] for place in order], **place, **sizes, fontsize=9.5)
    _title(figure, title + "\n" * (rows + (rows > 1)))  # the lines keep the place of the legend free


def _columns(names: list[str], inches: float) -> int:
    """Return how many names of a legend have room side by side, one below the other in each column."""
    for columns in range(len(names), 1, -1):
        wide = sum(max(map(len, names[column::columns])) for column in range(columns))
        if wide * LETTER + columns * ENTRY <= inches:
            return columns
    return 1


def in_order(kinds: Iterable[object]) -> list[str]:
    """Return each kind once, in the order of the colours."""
    return sorted({str(kind) for kind in kinds}, key=list(COLOURS).index)


def chart(draw: Callable[[Any], None], *, title: str, alt: str, rows: float, inches: float = 4.9) -> Chart:
    """Return what `draw` puts on axes as a picture under its title, the first row on top."""
    lines = textwrap.wrap(label(title, 200), 56)
    size = (inches, 0.9 + 0.2 * len(lines) + 0.3 * rows)
    return Chart(lambda: _png(draw, "\n".join(lines), size), alt, round(inches * 100))


def _title(figure: Any, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=10.5, fontweight="bold")


def _png(draw: Callable[[Any], None], title: str, inches: tuple[float, float]) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style = mpl.rc_params_from_file(TEMPLATES / "chart.mplstyle", use_default_template=False)
    with mpl.rc_context(style), warnings.catch_warnings():
        # Fonts lack signs that tags may hold; a box in their place is fine in a picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=inches, layout="constrained", dpi=190)
        _title(figure, title)
        axes = figure.subplots()
        draw(axes)
        axes.invert_yaxis()
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()  # once: `savefig` would lay the figure out and draw it twice
    return _small(canvas)


def _small(canvas: Any) -> bytes:
    """Return a PNG with a palette: a third of the bytes for pictures of a few flat colours."""
    from PIL import Image

    out = io.BytesIO()
    picture = Image.frombytes("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
    picture.quantize(96, dither=Image.Dither.NONE).save(out, format="png", optimize=True)
    return out.getvalue()
