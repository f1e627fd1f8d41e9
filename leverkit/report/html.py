"""Tables, charts and pages for people. What comes from an account is escaped: `Html` does so by default.

`table` is the one way from a frame to HTML, `page` the one way to a report: a single file without script or
network requests, with a content security policy that would stop both.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from leverkit.report.text import cell, count

if TYPE_CHECKING:
    import pandas as pd


TEMPLATES = Path(__file__).parent / "templates"  # those of the notebooks' pages include some of them


class Html(Markup):
    """Markup that is known to be safe. Its `format`, `join` and `+` escape plain strings."""

    __slots__ = ()
    __repr__ = str.__repr__

    def _repr_html_(self) -> str:
        return str(self)


UNFOLDED = 200  # rows that a table unfolds on a click
LONG = 40  # letters of a word from which it breaks anywhere
_LONG = Html('<span style="display:inline-block;min-width:9rem;overflow-wrap:anywhere">{}</span>')
_ALL_ROWS = Html('<p class="more" data-rows="{}">All rows: {}</p>')
# JupyterLab has no style for the cards of `facts`: a number at the left edge, its name far to the right.
_CARDS = Html(
    "<style>dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.6rem,1fr));gap:.8rem;"
    "margin:.4rem 0}dl.facts>div{display:flex;flex-direction:column;border-left:3px solid #0b5c8a;"
    "padding:.1rem 0 .1rem .8rem}dl.facts dd{margin:0;font-size:1.6rem;font-weight:650;line-height:1.2;"
    "font-variant-numeric:tabular-nums}dl.facts dt{font-size:.9rem;line-height:1.3;font-weight:400;"
    "float:none;width:auto;text-align:left;padding:0;background:none}</style>"
)
# JupyterLab aligns every cell of a table to the right, sentences too.
_LEFT = Html(
    "<style>.scroll .leverkit :is(th,td,caption){text-align:left;vertical-align:top}"
    ".scroll .leverkit .n{text-align:right}.scroll .leverkit caption{min-width:min(36rem,70vw)}</style>"
)


@dataclass(frozen=True)
class Chart:
    """A picture of a finding, and `alt`, the finding in words for those who do not see it.

    `draw` returns a PNG: a section has charts that nobody looks at, and each takes a quarter of a second.
    `width` is the width in CSS pixels at which its letters have their natural size.
    """

    draw: Callable[[], bytes] = field(repr=False)
    alt: str
    width: int

    @cached_property
    def png(self) -> bytes:
        """Return the picture, drawn at its first use."""
        return self.draw()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        metadata = {"alt": self.alt, "width": self.width}
        return {"image/png": self._base64, "text/plain": self.alt}, {"image/png": metadata}

    def html(self) -> Html:
        """Return the picture as markup that contains it."""
        image = '<figure><img alt="{}" width="{}" src="data:image/png;base64,{}"></figure>'
        return Html(image).format(self.alt, self.width, self._base64)

    __html__ = html

    @property
    def _base64(self) -> str:
        return base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class Section:
    """A part of a page: the finding as heading, then paragraphs (plain strings), tables and charts.

    `rows` are all rows of its table, for a CSV beside the page.
    """

    heading: str
    parts: Sequence[str | Html | Chart]
    rows: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    @property
    def body(self) -> Html:
        """Return the parts as markup, each plain string as a paragraph."""
        return Html().join(part if hasattr(part, "__html__") else paragraph(part) for part in self.parts)

    def _repr_html_(self) -> str:
        return Html("<h3>{}</h3>").format(self.heading) + self.body


def paragraph(text: str) -> Html:
    """Return a text as a paragraph."""
    return Html("<p>{}</p>").format(text)


def bullets(texts: Iterable[str]) -> Html:
    """Return texts as a list; nothing where there are none."""
    items = Html().join(map(Html("<li>{}</li>").format, texts))
    return Html("<ul>{}</ul>").format(items) if items else items


def table(
    frame: pd.DataFrame,
    *,
    limit: int = 50,
    caption: str = "",
    links: Mapping[str, Callable[[str], str]] | None = None,
    unfold: int = UNFOLDED,
    rest: str = "",
    rows: Path | None = None,
) -> Html:
    """Return a frame as an escaped HTML table without its index.

    `links` names columns of texts, each with the function that returns the address of a cell's text; an empty
    address leaves the text without a link. Beyond `limit`, up to `unfold` rows unfold on a click; `rest` says
    where the others are, or `rows` is the file of all, which a job copies beside its page. Without either
    they are said to be in the frame, so a page for people names one.
    """
    if not len(frame):
        return paragraph(f"{caption or 'Nothing to show'}.")
    shown = _rows(frame.head(limit), caption, links)
    if (more := len(frame) - limit) <= 0:
        return shown
    folded, left = frame.iloc[limit : limit + unfold], more - unfold
    if len(folded):
        number = count(len(folded), "more row")
        inner = _rows(folded, f"{caption}: {number}" if caption else number, links)
        shown += Html("<details><summary>{}</summary>{}</details>").format(number, inner)
    if left > 0:
        place = rest or ("" if rows else "the DataFrame has all")
        words = f"and {count(left, 'more row')}" + (f": {place}" if place else "")
        shown += Html('<p class="more">{}</p>').format(words)
    return shown + (_ALL_ROWS.format(rows, rows) if rows else Html())


def _rows(frame: pd.DataFrame, caption: str, links: Mapping[str, Callable[[str], str]] | None) -> Html:
    names = [_title(str(name)) for name in frame.columns]
    columns = (frame.iloc[:, position] for position in range(len(names)))
    classes = [Html(' class="n"' if _numeric(column) else "") for column in columns]
    head = Html().join(map(Html('<th scope="col"{}>{}</th>').format, classes, names))
    addresses = [(links or {}).get(str(name), lambda _: "") for name in frame.columns]
    return Html(
        '<div class="scroll" role="region" tabindex="0" aria-label="{label}">{style}<table class="leverkit">'
        "{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    ).format(
        label=caption or "table of " + ", ".join(names),
        style=_LEFT,
        title=Html("<caption>{}</caption>").format(caption) if caption else "",
        head=head,
        body=Html().join(
            _row(names, classes, addresses, row) for row in frame.itertuples(index=False, name=None)
        ),
    )


def _title(name: str) -> str:
    """Return the name of a column as the head of it: tag as Tag; a name of code, such as tag_id, stays."""
    return name if "_" in name else name[:1].upper() + name[1:]


def headline(text: str) -> Html:
    """Return the main fact of a notebook; the title of its page."""
    style = "font-size:1.4rem;font-weight:650;line-height:1.3;margin:.4rem 0"
    return Html('<p class="headline" style="{}">{}</p>').format(style, text)


def facts(values: Mapping[str, object]) -> Html:
    """Return a few figures as a row of large numbers with what they count below them."""
    card = Html("<div><dd>{}</dd><dt>{}</dt></div>")
    cards = Html().join(card.format(cell(value), name) for name, value in values.items())
    return Html('{}<dl class="facts">{}</dl>').format(_CARDS, cards)


def link(text: str, address: str) -> Html:
    """Return a text as a link, without one where there is no address."""
    anchor = Html('<a href="{}" rel="noopener noreferrer">{}</a>')
    return anchor.format(address, text) if address else Html("{}").format(text)


def page(
    title: str, sections: Iterable[Section], *, lead: str = "", footer: str = "", masthead: str | Html = ""
) -> str:
    """Return one self-contained HTML page: the finding as title, the account, a lead, sections, a footer.

    A section that says the same as one before it is left out.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, keep_trailing_newline=True)
    template = environment.get_template("page.html.j2")
    every = list(sections)
    once = [section for place, section in enumerate(every) if section not in every[:place]]
    return template.render(title=title, sections=once, lead=lead, footer=footer, masthead=masthead)


def _row(
    names: list[str], classes: list[Html], addresses: list[Callable[[str], str]], row: Sequence[object]
) -> Html:
    entry = Html('<td data-label="{}"{}>{}</td>')
    cells = (
        entry.format(name, class_, link(_breakable(cell(value)), address(str(value))))
        for name, class_, address, value in zip(names, classes, addresses, row, strict=True)
    )
    return Html("<tr>{}</tr>").format(Html().join(cells))


def _breakable(text: str) -> str:
    """Return the text of a cell, as markup that breaks anywhere if it has a very long word."""
    long = not hasattr(text, "__html__") and max(map(len, text.split()), default=0) > LONG
    return _LONG.format(text) if long else text


def _numeric(column: pd.Series[Any]) -> bool:
    """Return True if a column is set as figures: numbers, days, or percentages from `share`."""
    if column.dtype.kind in "iufM":
        return True
    texts = {str(value) for value in column} - {"–"}
    return bool(texts) and all(text[-1:] == "%" and text[:-1].isdigit() for text in texts)
