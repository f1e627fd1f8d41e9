"""The parameters of a notebook: those that its `parameters` cell declares, and whether the given ones fit.

A notebook is run by our runner, by papermill alone, by schedulers that inject text, and by hand. Only the
notebook itself takes part in all of these: its first code cell calls `parameters(globals())`.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from leverkit.environment import choose_account, chosen_account
from leverkit.errors import UsageError, did_you_mean
from leverkit.report.html import Html

Value = str | int | float | bool
KINDS: Mapping[str, type] = MappingProxyType({kind.__name__: kind for kind in (str, int, float, bool)})
SECRET = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
ACCOUNT = "account"  # the parameter that names an account of accounts.toml
BEFORE = "_leverkit_account"  # in the notebook's namespace: the account that the environment chose
SEEN = "_leverkit_parameters"  # set in the notebook's namespace: names that it makes later are not parameters
DATA = (str, int, float, bool, bytes, list, tuple, dict, set, type(None))
KERNEL = ("In", "Out")


@dataclass(frozen=True)
class Declared:
    """A parameter as its cell declares it: `name: kind = default  # help`."""

    name: str
    kind: type
    default: Value
    help: str = ""


class Parameters(Mapping[str, Value]):
    """The checked parameters of this run, by attribute or by name."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"this notebook has no parameter {name!r}") from None

    def __repr__(self) -> str:
        return ", ".join(f"{name} = {value!r}" for name, value in self._values.items()) or "no parameters"

    def _repr_html_(self) -> str:
        return Html("<p><strong>Parameters</strong>: <code>{}</code></p>").format(repr(self))


def parameters(namespace: MutableMapping[str, Any]) -> Parameters:
    """Return the parameters of the notebook whose `globals()` are given, checked against their annotations.

    Raises UsageError for a name that the `parameters` cell does not declare (at the first call in a kernel,
    before the notebook has made names of its own), for a value of another type than declared, and for a
    name that suggests a secret. The kernel acts for the account that `account` names, from now on.
    """
    kinds = {name: _kind(name, kind) for name, kind in namespace.get("__annotations__", {}).items()}
    if SEEN not in namespace:
        check_names(_data(namespace, kinds), kinds)
    values = {name: fit(name, kind, namespace.get(name)) for name, kind in kinds.items()}
    namespace[SEEN] = True
    if ACCOUNT in values:
        before = namespace.setdefault(BEFORE, chosen_account())
        choose_account(str(values[ACCOUNT]) or before)
    return Parameters(values)


def declared(source: str) -> dict[str, Declared]:
    """Read a `parameters` cell without running it. Raises UsageError unless it is `name: type = literal`."""
    comments = _comments(source)
    found = [_declared(node, comments) for node in _statements(source)]
    return {parameter.name: parameter for parameter in found}


def check_names(given: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Raise UsageError for an undeclared name, with the nearest declared, and one that suggests a secret."""
    for name in [*known, *given]:
        if SECRET.search(name):
            raise UsageError(
                f"{name}: a key is never a parameter; set LEVER_API_KEY in the environment or in .env"
            )
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or "."
            takes = ", ".join(known) or "no parameters"
            raise UsageError(f"unknown parameter {name}{hint} This notebook takes {takes}")


def fit(name: str, kind: type, value: object) -> Value:
    """Return a value as its declared type, converting only what loses nothing. Raises UsageError."""
    if type(value) is kind and not (isinstance(value, float) and not math.isfinite(value)):
        return value  # type: ignore[return-value]
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(value, str) and kind is not str:
        return _parsed(name, kind, value)
    if value is None:
        raise UsageError(f"{name} must be {_words(kind)}, not null: to keep the default, leave it out")
    if kind is str:
        raise UsageError(
            f"{name} must be text, and was given as the value {value!r}, perhaps without digits that it had: "
            f'give it to papermill with -r {name}, and in YAML and Python in quotes, "…"'
        )
    raise UsageError(f"{name} must be {_words(kind)}, not {value!r}")


def _parsed(name: str, kind: type, text: str) -> Value:
    """Return the value of a text, which some schedulers give for numbers and booleans; not `007` or `nan`."""
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind is int and re.fullmatch(r"0|-?[1-9]\d*", text):
        return int(text)
    if kind is float and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text):
        return float(text)
    raise UsageError(f"{name} must be {_words(kind)}, not {text!r}")


def _words(kind: type) -> str:
    return {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind]


def _kind(name: str, annotation: object) -> type:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if text not in KINDS:
        raise UsageError(f"{name}: a parameter is declared as str, int, float or bool, not as {text}")
    return KINDS[text]


def _data(namespace: Mapping[str, object], kinds: Mapping[str, type]) -> dict[str, object]:
    """Return the plain values that were set in a fresh kernel: no modules, functions or names of IPython."""
    own = {
        name: value for name, value in namespace.items() if not name.startswith("_") and name not in KERNEL
    }
    return {name: value for name, value in own.items() if name in kinds or isinstance(value, DATA)}


def _statements(source: str) -> Iterator[ast.AnnAssign]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise UsageError(f"the parameters cell is not Python: {error.msg} in line {error.lineno}") from None
    for node in body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            raise UsageError(
                f"the parameters cell holds more than `name: type = default`: {ast.unparse(node)}"
            )
        yield node


def _declared(node: ast.AnnAssign, comments: Mapping[int, str]) -> Declared:
    assert isinstance(node.target, ast.Name)
    name, kind = node.target.id, _kind(node.target.id, ast.unparse(node.annotation))
    try:
        default = ast.literal_eval(node.value) if node.value else None
    except ValueError:
        raise UsageError(f"{name}: the default of a parameter is a plain value") from None
    return Declared(name, kind, fit(name, kind, default), comments.get(node.lineno, ""))


def _comments(source: str) -> dict[int, str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}  # _statements reports what is wrong
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
