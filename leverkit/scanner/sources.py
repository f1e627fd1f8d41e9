"""The files to read, with their language, and the skipped ones with the reason.

Files in, `Source`s out. `.gitignore` is respected (pathspec); vendored folders, huge, binary and
minified files are skipped and counted. A notebook becomes the source of its code cells.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pathspec import GitIgnoreSpec

from leverkit.errors import UsageError
from leverkit.scanner.grammar import TEXTS, word_set
from leverkit.scanner.rules import Finding, make_finding

LANGUAGES = {end: language for language, ends in TEXTS["extensions"].items() for end in ends.split()}
NAMES = {name: language for language, names in TEXTS["filenames"].items() for name in names.split()}
VENDORED = word_set("vendored")
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")
_BUILT, _BESIDE = word_set("built"), word_set("beside_built")
LOCKS = word_set("locks")
MANIFESTS = word_set("manifests")
IMAGES = word_set("images")
MANIFEST_ENDS = (".gemspec", ".csproj", ".sln", ".gradle.kts")
HUGE = 1_000_000
_SCRIPT = re.compile(rb"<script\b[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_SHEBANG = re.compile(rb"#!.*\b(python|ruby|node|php|bash|zsh|sh)")
_COMPONENTS = (".vue", ".svelte", ".html", ".htm")
_API_HOST = re.compile(rb"\bapi[\w.]*\.lever\.co\b")
_BY_SHEBANG = {b"python": "python", b"ruby": "ruby", b"node": "tsx", b"php": "php"}


@dataclass(frozen=True)
class Source:
    """The text of one file in one language.

    `project` is the nearest folder above it with a manifest; `where` names the file, its folders below the
    folder scanned, and that of the project; `lines` maps lines of `text` to (line, column) of the file, where
    they differ.
    """

    path: str
    language: str
    text: bytes
    raw: bytes
    project: str = ""
    where: str = ""
    lines: tuple[tuple[int, int], ...] = ()

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of a byte offset in the file, both from 1."""
        start = self.text.rfind(b"\n", 0, offset) + 1
        line = self.text.count(b"\n", 0, offset)
        column = len(self.text[start:offset].decode("utf-8", "replace"))
        first, shift = self.lines[line] if line < len(self.lines) else (line + 1, 0)
        return first, column + shift + 1

    def finding(self, code: str, offset: int, detail: str, *, how: str = "parsed") -> Finding:
        """Return the finding of a rule at a byte offset."""
        return make_finding(code, self.path, *self.position(offset), detail=detail, how=how)


@dataclass(frozen=True)
class Skipped:
    """What was passed over: files by reason, and those that hold Lever's API host by kind (`.md`)."""

    reasons: Counter[str] = field(default_factory=Counter)
    lever: Counter[str] = field(default_factory=Counter)


def read_sources(
    paths: Iterable[Path | str], skipped: Skipped, *, instead: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[Source]:
    """Yield the sources under `paths`, in order of their names; count the others in `skipped`.

    `instead` holds contents to take instead of those on disk, by path. Raises UsageError for a path that
    does not exist.
    """
    for source in _under(paths, skipped):
        raw = instead.get(source.path)
        yield source if raw is None else _as_read(source, raw)


def _under(paths: Iterable[Path | str], skipped: Skipped) -> Iterator[Source]:
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from _folder(path, skipped)
        elif path.exists():
            yield from _read(path, str(path.parent), "/".join(path.parts[-2:]), skipped)
        else:
            raise UsageError(f"no such file or folder: {path}")


def _folder(root: Path, skipped: Skipped) -> Iterator[Source]:
    specs = _specs_above(root)
    projects: dict[str, str] = {}
    for folder, names, files in os.walk(root):
        manifest = any(name in MANIFESTS or name.endswith(MANIFEST_ENDS) for name in files)
        projects[folder] = folder if manifest else projects.get(os.path.dirname(folder), "")
        if ".gitignore" in files and Path(folder, ".gitignore").is_file():  # a FIFO would never end
            specs[os.path.abspath(folder)] = _spec(Path(folder, ".gitignore"))
        read = _BUILT if _is_only_built(names, files) else frozenset()
        names[:] = [
            name
            for name in sorted(names)
            if not _passed_over(folder, name, specs, skipped.reasons, read=read)
        ]
        for name in sorted(files):
            path, project = Path(folder, name), projects[folder]
            if _ignored(folder, name, specs):
                skipped.reasons["ignored by .gitignore"] += 1
            else:
                inside = path.relative_to(root).parts[-3:]
                yield from _read(path, project or str(root), "/".join((Path(project).name, *inside)), skipped)


def _is_only_built(names: Iterable[str], files: Iterable[str]) -> bool:
    """Return True for a published package that holds what was built and not what it was built from."""
    folders = {name for name in names if not name.startswith(".")}
    code = [name for name in files if name.endswith(_SCRIPTS) and not name.startswith((".", "index."))]
    return "package.json" in files and not folders - _BUILT - _BESIDE and not code


def _passed_over(
    folder: str,
    name: str,
    specs: Mapping[str, GitIgnoreSpec],
    skipped: Counter[str],
    *,
    read: Set[str],
) -> bool:
    """Return True for a folder that is ignored or vendored; the built ones in `read` hold all there is."""
    ignored, vendored = _ignored(folder, name + "/", specs), name in VENDORED - read
    skipped["vendored folder"] += vendored
    skipped["ignored by .gitignore folder"] += ignored and not vendored
    return ignored or vendored


def _spec(path: Path) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8", errors="replace").splitlines())


def _specs_above(root: Path) -> dict[str, GitIgnoreSpec]:
    """Read the .gitignore files above a folder in its repository; none if they ignore the folder."""
    specs: dict[str, GitIgnoreSpec] = {}
    here = root.resolve()
    for folder in (here, *here.parents):
        if folder != here and (folder / ".gitignore").is_file():
            specs[str(folder)] = _spec(folder / ".gitignore")
        if (folder / ".git").exists():
            inside = [here, *here.parents][: len(here.parts) - len(folder.parts)]
            ignored = any(_ignored(str(step.parent), step.name + "/", specs) for step in inside)
            return {} if ignored else specs
    return {}


def _ignored(folder: str, name: str, specs: Mapping[str, GitIgnoreSpec]) -> bool:
    if not specs:
        return False
    here = os.path.abspath(folder)
    for top, spec in specs.items():
        if here == top or here.startswith(top + os.sep):
            inside = os.path.relpath(here, top).replace(os.sep, "/")
            if spec.match_file(name if inside == "." else f"{inside}/{name}"):
                return True
    return False


def _read(path: Path, project: str, where: str, skipped: Skipped) -> Iterator[Source]:
    language = _by_name(path)
    reason = _unwanted(path, language)
    try:
        raw = b"" if reason else path.read_bytes()
    except OSError:
        raw, reason = b"", "unreadable"
    language = language or _by_shebang(raw)
    reason = reason or _unreadable(path, raw) or ("" if language else "not a source")
    if reason:
        skipped.reasons[reason] += 1
        skipped.lever[path.suffix or path.name] += _holds_lever(path, raw, reason)
        return
    yield _as_read(Source(str(path), language, raw, raw, project, where), raw)


def _as_read(source: Source, raw: bytes) -> Source:
    """Return a source with the code that is in the contents of its file."""
    path = Path(source.path)
    text, lines = _notebook(raw) if path.suffix == ".ipynb" else (_code(path, raw), ())
    return replace(source, text=text, raw=raw, lines=lines)


def _by_name(path: Path) -> str:
    """Return the language of a file by its name, '' if it tells none."""
    environment = "data" if path.name.startswith(".env.") else ""
    return NAMES.get(path.name) or environment or LANGUAGES.get(path.suffix.lower(), "")


def _holds_lever(path: Path, raw: bytes, reason: str) -> bool:
    """Return True if a file that is not read holds the host of Lever's API."""
    if reason in ("symbolic link", "unreadable") or path.suffix.lower() in IMAGES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return _API_HOST.search(raw or file.read(HUGE)) is not None
    except OSError:
        return False


def _unwanted(path: Path, language: str) -> str:
    if path.is_symlink():
        return "symbolic link"
    if (not language and path.suffix) or path.name in LOCKS or not path.is_file():
        return "not a source"
    return "huge" if path.stat().st_size > HUGE else ""


def _unreadable(path: Path, raw: bytes) -> str:
    if b"\0" in raw[:8192]:
        return "binary"
    long_lines = len(raw) > 5000 and len(raw) / (raw.count(b"\n") + 1) > 400
    if ".min." in path.name or (long_lines and path.suffix not in (".json", ".ipynb")):
        return "minified"
    return ""


def _by_shebang(raw: bytes) -> str:
    match = _SHEBANG.match(raw)
    return _BY_SHEBANG.get(match.group(1), "bash") if match else ""


def _code(path: Path, raw: bytes) -> bytes:
    """Blank everything outside <script> in component files, keeping every offset."""
    if path.suffix not in _COMPONENTS:
        return raw
    blank = bytearray(re.sub(rb"[^\n]", b" ", raw))
    for script in _SCRIPT.finditer(raw):
        blank[script.start(1) : script.end(1)] = script.group(1)
    return bytes(blank)


def _notebook(raw: bytes) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Join the code cells; each line is found again in the JSON text, in order, for its place."""
    try:
        cells = json.loads(raw)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return b"", ()
    document, position, row = raw.decode("utf-8", "replace"), 0, 1
    lines, places = [], []
    for line in "\n".join(code).split("\n"):
        found = document.find(json.dumps(line, ensure_ascii=False)[1:-1], position) if line.strip() else -1
        if found >= 0:
            row, position = row + document.count("\n", position, found), found
        places.append((row, max(found - document.rfind("\n", 0, found) - 1, 0)))
        lines.append("#" + line[1:] if line.startswith(("%", "!")) else line)
    return "\n".join(lines).encode(), tuple(places)
