"""Pictures made of markup, which grow with the page and need no image: a divided bar, and one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leverkit.report.chart_style import COLOURS, label
from leverkit.report.html import Html
from leverkit.report.text import count, noun

_BAR = Html(
    '<div role="img" aria-label="{alt}" style="display:flex;height:1.6rem;border-radius:5px;overflow:hidden;'
    'margin:.6rem 0 .3rem">{parts}</div><p style="margin:0 0 .6rem;max-width:none">{names}</p>'
)
_PART = Html('<span style="flex:{} 1 0;min-width:3px;background:{};border-right:1px solid #fff"></span>')
_NAME = Html(
    '<span style="white-space:nowrap;margin-right:1.1em"><span style="display:inline-block;width:.8em;'
    'height:.8em;border-radius:2px;background:{}"></span> {} {}</span> '
)
_ROW = Html(
    '<div style="display:flex;flex-wrap:wrap;gap:.35rem .5rem;align-items:center;border:1px solid #94a3b8;'
    'border-radius:8px;padding:.5rem .8rem;margin:.4rem 0;max-width:42rem;background:#f8fafc;color:#1f2933">'
    '<span style="flex:1 0 100%;font-size:.9rem">{}</span>{}</div>'
)
_PILL = Html(
    '<span style="border-radius:1em;padding:.05rem .8rem;font-size:.88rem;overflow-wrap:anywhere;{}">'
    "{}</span>"
)
_PLURALS = {"stays as it is": "stay as they are"}
_MISSING = "border:1.5px dashed #b42318;color:#b42318;background:#fff"
_PLAIN = "border:1.5px solid #e2e8f0;color:#334155;background:#e2e8f0"


def divided_bar(parts: Mapping[str, int], unit: str) -> Html:
    """Return a bar divided by kind, each with its number and colour; `unit` is what is counted, one of it."""
    colours = [COLOURS[kind] for kind in parts]
    words = {kind: noun(n, kind, _PLURALS.get(kind, kind)) for kind, n in parts.items()}
    alt = f"{count(sum(parts.values()), unit)}: " + ", ".join(f"{n:,} {words[k]}" for k, n in parts.items())
    bars = Html().join(_PART.format(n, colour) for n, colour in zip(parts.values(), colours, strict=True))
    names = Html().join(
        _NAME.format(colour, f"{n:,}", words[kind])
        for (kind, n), colour in zip(parts.items(), colours, strict=True)
    )
    return _BAR.format(alt=alt, parts=bars, names=names)


@dataclass(frozen=True)
class OneOpportunity:
    """An opportunity of the person in a picture: its line, and its tags by what is to become of them."""

    line: str
    has: Sequence[str]
    lacks: Sequence[str]
    others: int = 0


def one_person(opportunities: Sequence[OneOpportunity], colours: Mapping[str, str]) -> Html:
    """Return the opportunities of a person with the tags that they have and lack; `colours` by tag."""
    return Html().join(_ROW.format(each.line, _pills(each, colours)) for each in opportunities)


def _pills(each: OneOpportunity, colours: Mapping[str, str]) -> Html:
    has = [
        _PILL.format(f"border:1.5px solid {c};background:{c};color:{_ink(c)}", label(tag, 32))
        for tag in each.has
        if (c := colours[tag])
    ]
    lacks = [_PILL.format(_MISSING, f"missing: {label(tag, 32)}") for tag in each.lacks]
    rest = [_PILL.format(_PLAIN, f"{count(each.others, 'tag')} without a gap")] if each.others else []
    return Html().join([*has, *lacks, *rest])


def _ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on a colour."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#fff" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "#1f2933"
