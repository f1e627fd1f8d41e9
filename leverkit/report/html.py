"""Tables, charts and pages for people: everything that comes from an account is escaped here.

`table` is the one way from a frame to HTML, `page` the one way to a report: a single file without
script or network, with a content security policy that would stop both.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.report.text import cell

if TYPE_CHECKING:
    import pandas as pd


STYLE_FILE = Path(__file__).parent / "templates" / "report.css"
# JupyterLab sets every cell of a table to the right, sentences too.
_LEFT = (
    "<style>.scroll .leverkit :is(th,td,caption){text-align:left;vertical-align:top}"
    ".scroll .leverkit .n{text-align:right}</style>"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


class Html(str):
    """Markup that is known to be safe; plain strings are escaped wherever they meet it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Chart:
    """A picture of a finding: PNG bytes, and `alt`, the finding in words for those who do not see it.

    `width` is the width in CSS pixels at which its letters have their natural size.
    """

    png: bytes
    alt: str
    width: int

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        picture = base64.b64encode(self.png).decode()
        about = {"alt": self.alt, "width": self.width}
        return {"image/png": picture, "text/plain": self.alt}, {"image/png": about}

    def html(self) -> Html:
        """Return the picture as markup that carries it along."""
        picture = base64.b64encode(self.png).decode()
        return Html(
            f'<figure><img alt="{escape(self.alt)}" width="{self.width}" '
            f'src="data:image/png;base64,{picture}"></figure>'
        )


@dataclass(frozen=True)
class Section:
    """A part of a page: the finding as heading, then paragraphs (plain strings), tables and charts."""

    heading: str
    parts: Sequence[str | Html | Chart]

    def _repr_html_(self) -> str:
        return f"<h3>{escape(self.heading)}</h3>" + "".join(_part(part) for part in self.parts)


def table(
    frame: pd.DataFrame,
    *,
    limit: int = 50,
    caption: str = "",
    links: Mapping[str, Callable[[str], str]] | None = None,
) -> Html:
    """Return a frame as an escaped HTML table without its index; says how many rows it leaves out.

    `links` names the columns (of texts) whose cells lead to an address, and how a text becomes one; where
    it becomes none, the text stays a text.
    """
    names = [str(name) for name in frame.columns]
    rows = frame.head(limit).itertuples(index=False, name=None)
    numeric = [_numeric(frame.iloc[:limit, position]) for position in range(len(names))]
    head = "".join(
        f'<th scope="col"{_class(n)}>{escape(name)}</th>' for name, n in zip(names, numeric, strict=True)
    )
    addresses = [(links or {}).get(name, _nowhere) for name in names]
    body = "".join(_row(names, numeric, addresses, row) for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    rest = len(frame) - limit
    more = f'<p class="more">and {rest:,} more rows</p>' if rest > 0 else ""
    label = escape(caption or "table of " + ", ".join(names))
    return Html(
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        f'{_LEFT}<table class="leverkit">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def facts(values: Mapping[str, object]) -> Html:
    """Return a few figures as a row of large numbers with what they count below them."""
    cards = "".join(
        f"<div><dd>{escape(cell(value))}</dd><dt>{escape(name)}</dt></div>" for name, value in values.items()
    )
    return Html(f'<dl class="facts">{cards}</dl>')


def page(title: str, sections: Iterable[Section], *, lead: str = "", footer: str = "") -> str:
    """Return one self-contained HTML page: the finding as title, a lead, sections, a footer."""
    style = STYLE_FILE.read_text(encoding="utf-8")
    body = "".join(_section(section) for section in sections)
    opening = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    closing = f"<footer><p>{escape(footer)}</p></footer>" if footer else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main><header><h1>{escape(title)}</h1>{opening}</header>\n{body}</main>"
        f"{closing}</body></html>\n"
    )


def _row(
    names: list[str], numeric: list[bool], addresses: list[Callable[[str], str]], row: Sequence[object]
) -> str:
    cells = (
        f'<td data-label="{escape(name)}"{_class(number)}>{_linked(cell(value), address(str(value)))}</td>'
        for name, number, address, value in zip(names, numeric, addresses, row, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _linked(text: str, address: str) -> str:
    if not address:
        return escape(text)
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(text)}</a>'


def _nowhere(text: str) -> str:
    return ""


def _class(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def _numeric(column: pd.Series[Any]) -> bool:
    """Say whether a column is set as figures: numbers, or percentages made by `share`."""
    if column.dtype.kind in "iuf":
        return True
    texts = [str(value) for value in column]
    return bool(texts) and all(text == "–" or (text[-1:] == "%" and text[:-1].isdigit()) for text in texts)


def _section(section: Section) -> str:
    parts = "".join(_part(part) for part in section.parts)
    return f"<section><h2>{escape(section.heading)}</h2>{parts}</section>\n"


def _part(part: str | Html | Chart) -> str:
    if isinstance(part, Chart):
        return part.html()
    return part if isinstance(part, Html) else f"<p>{escape(part)}</p>"
