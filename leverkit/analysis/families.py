"""Find the families of tags: the tags of one template, which are of one kind nearly always.

The rules, by text alone, in any language; the first that holds gives a tag its family (`*` is what differs):

- *Label*: the same words before `:`, `=`, `|`, `/` or a dash between blanks, or in brackets in front, on
  `LABELLED` tags: `gdpr-consent:*`. A label on more than half of a large account's tags says nothing.
- *Number*: the same words around a number, date, quarter, week, month, year or code, on `NUMBERED` tags:
  `KubeCon leads *`. A last word of one letter, or a Roman numeral, is a number too.
- *Name*: the same words around one to three others, on `NAMED` tags: `Referred by *`. One word alone is
  enough before `-` or `_` (`silver-*`), or before one word with a capital (`Speaks *`), unless it negates.
- *Together*: tags that the caller has found on the same opportunities, as one integration writes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from leverkit.analysis.texts.words import CHINESE_NUMBER, CODE, MONTH, NEGATIONS, ORDINAL, PERIOD
from leverkit.api.tags import LONGEST

NUMBERED, LABELLED, NAMED = 2, 3, 4  # least tags of a family, by rule
LARGE = 40  # tags of an account from which a label on more than half of them says nothing
TOGETHER = "together with "  # begins the name of a family without a template
_WORDS = 10  # tags of more words are sentences: no name in them is looked for
_VARIES = 3  # words of a name, at most
_HOLE = "\0"  # what differs, until the family is named; then `*`
_STAR = "\u2217"  # in place of a `*` in a tag

_ADJOINING = re.compile(rf"{_HOLE}(?:[\s./,:'’_–-]*{_HOLE})+")
_LAST = re.compile(r"(?<=[^\W_])[ _-](?:[^\W\d_]|[ivx]{2,5})$", re.IGNORECASE)
_LABEL = re.compile(r"[^:=|/]*?[^\s:=|/] ?[:=|/]+ ?(?=\S)|.*?\S [–—>»-] (?=\S)")
_BRACKETS = re.compile(r"[\[({<【「][^\])}>】」]+[\])}>】」] ?(?=\S)")
_JOINTS = re.compile(r" ?([:=|/]) ?|[ _-]+")


class Tag(NamedTuple):
    """A tag as the rules read it: Unicode and blanks made even, and with a hole for each number and date."""

    text: str
    masked: str
    folded: str

    @classmethod
    def of(cls, tag: str) -> Tag:
        """Return how the rules read a tag."""
        text = _plain(tag)
        return cls(text, _ADJOINING.sub(_HOLE, _variable().sub(_HOLE, text)), _key(text))


class Template(NamedTuple):
    """A text with holes where the tags of a family differ; tags are compared by `key`, and shown `text`."""

    key: str
    text: str

    @property
    def name(self) -> str:
        """Return the text with `*` in the place of holes."""
        return self.text.replace(_HOLE, "*").strip()


def families(tags: Iterable[str], *, together: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the family of each tag that has one.

    Tags of postings are to be left out by the caller. `together` are pairs of tags that are on the same
    opportunities nearly always. The result depends on the texts alone, not on their order.
    """
    read = {tag: Tag.of(tag) for tag in sorted(set(tags)) if tag.strip()}
    found = _labelled(read)
    for rule, fewest in ((_numbered, NUMBERED), (_named, NAMED)):
        rest = {tag: known for tag, known in read.items() if tag not in found}
        found |= _largest(rest, rule, fewest)
    names = _names(found)
    alone = read.keys() - names.keys()
    return names | _met([pair for pair in together if alone.issuperset(pair)])


def fits(tag: str, family: str) -> bool:
    """Return False if a family is a template, with `*`, that the tag does not have."""
    holes = _key(_even(family)).split("*")
    if len(holes) == 1:
        return True
    return re.fullmatch(".+".join(map(re.escape, holes)), _key(_plain(tag)), re.DOTALL) is not None


@cache
def _variable() -> re.Pattern[str]:
    """Return what numbers, dates and codes look like; compiled late, as it takes milliseconds."""
    word = f"{CODE}|{PERIOD}|{MONTH}|{ORDINAL}"
    number = rf"{CHINESE_NUMBER}|\d+(?:[.,:]\d+)*"
    return re.compile(rf"(?<![^\W_])(?:{word})(?![^\W_])|{number}", re.IGNORECASE)


def _plain(text: str) -> str:
    """Return a text without the signs that stand for what differs."""
    return _even(text).replace("*", _STAR)


def _even(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:LONGEST]).replace(_HOLE, " ").split())


def _key(text: str) -> str:
    """Return what tags of a family share: case, blanks, `-` and `_` make no difference."""
    return _JOINTS.sub(lambda joint: joint[1] or " ", text.casefold())


def _labelled(read: Mapping[str, Tag]) -> dict[str, Template]:
    found = _largest(read, _label, LABELLED)
    number = Counter(template.key for template in found.values())
    most = max(LARGE, len(read)) // 2
    return {tag: template for tag, template in found.items() if number[template.key] <= most}


def _label(tag: Tag) -> Iterator[Template]:
    label = _BRACKETS.match(tag.masked) or _LABEL.match(tag.masked)
    if label and _has_words(label[0]):
        yield _template(label[0] + _HOLE)


def _numbered(tag: Tag) -> Iterator[Template]:
    masked = _LAST.sub(f" {_HOLE}", tag.masked)
    if not _has_words(masked):
        masked = _ADJOINING.sub(_HOLE, re.sub(r"\d+", _HOLE, tag.text))  # the letter tells: Q1, FY22
    if _HOLE in masked and any(map(str.isalpha, masked)):
        yield _template(masked)


def _named(tag: Tag) -> Iterator[Template]:
    """Yield the templates that leave out one to three words which follow each other."""
    parts = re.split(r"([ _-]+)", tag.masked)
    words, folded = parts[::2], [word.casefold() for word in parts[::2]]
    real = list(map(_has_words, words))
    for first, after in _spans(len(words)):
        stay = real[:first] + real[after:]
        enough = sum(stay) > 1 or (len(stay) > 1 and any(stay) and any(real[first:after]))
        if enough or (first == len(stay) == 1 and _introduces(parts)):
            key = " ".join((*folded[:first], _HOLE, *folded[after:]))
            yield Template(key, "".join((*parts[: 2 * first], _HOLE, *parts[2 * after - 1 :])))


def _spans(words: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each part of so many words that may be a name; none where all is one word."""
    for first in range(words if 1 < words <= _WORDS else 0):
        for after in range(first + 1, min(first + _VARIES, words) + 1):
            yield first, after


def _introduces(parts: list[str]) -> bool:
    """Return True if the first word alone can be the template of what follows it."""
    word, joint, follows, *more = parts
    if len(word) < 3 or not _has_words(word) or word.casefold() in NEGATIONS:
        return False
    return joint != " " or (not more and follows[:1].isupper())


def _template(text: str) -> Template:
    return Template(_key(text), text)


def _has_words(text: str) -> bool:
    """Return True if a text has two letters, or one of a script whose letters are words."""
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 1 or any(c >= "\u2e80" for c in letters)


def _largest(
    read: Mapping[str, Tag], rule: Callable[[Tag], Iterable[Template]], fewest: int
) -> dict[str, Template]:
    """Return for each tag that template of its own which most tags share, if enough tags choose it.

    Spellings of one tag count once.
    """
    templates = {tag: own for tag, known in read.items() if (own := tuple(rule(known)))}
    size = _sizes((template.key, read[tag].folded) for tag, own in templates.items() for template in own)
    chosen = {
        tag: max(own, key=lambda template: (size[template.key], len(template.key), template.key))
        for tag, own in templates.items()
    }
    kept = _sizes((template.key, read[tag].folded) for tag, template in chosen.items())
    return {tag: template for tag, template in chosen.items() if kept[template.key] >= fewest}


def _sizes(members: Iterable[tuple[str, str]]) -> Counter[str]:
    """Return how many different tags each template has."""
    return Counter(key for key, _ in set(members))


def _names(found: Mapping[str, Template]) -> dict[str, str]:
    """Return the family of each tag, named as most of its members are written."""
    texts: dict[str, Counter[str]] = {}
    for template in found.values():
        texts.setdefault(template.key, Counter())[template.name] += 1
    names = {key: min(count, key=lambda name: (-count[name], name)) for key, count in texts.items()}
    return {tag: names[template.key] for tag, template in found.items()}


def _met(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a family for the tags that pairs connect, named by the first of them."""
    groups: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = groups.get(one, {one}) | groups.get(other, {other})
        groups |= dict.fromkeys(joined, joined)
    return {tag: TOGETHER + min(group).replace("*", _STAR) for tag, group in groups.items()}
