"""Build sdist and wheel, install them in empty environments, and try what each extra is for: `make wheel`.

`PYTHONPATH=tests python -m soak.wheel_check [EXTRA …]`; `alone` is none. Prints how large each installation
is, without pip. Takes minutes and 2 GB of disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from leverkit.emulator import running

ROOT = Path(__file__).parent.parent.parent
EXTRAS = (
    *("alone", "notebooks", "emulator", "listen", "scan", "xlsx", "postgresql", "snowflake", "bigquery"),
    *("dlt", "emulator,tls", "notebooks,emulator"),
)
COPY = ["pull", "--shape", "dlt", "-o", "copy", "--from"]
# What needs an extra, and names it where it is not installed.
NAMES = {
    "notebooks": ["run", "x.ipynb", "-o", "out"],
    "emulator": ["emulator", "--idle-exit", "1"],
    "listen": ["listen", "--policy", "policy.csv"],
    "postgresql": [*COPY, "postgresql://nobody@127.0.0.1:1/lever?connect_timeout=2"],
    "snowflake": [*COPY, "snowflake://nobody@account/lever"],
    "bigquery": [*COPY, "bigquery://project/lever"],
}


def main(extras: list[str]) -> None:
    """Build, install and try."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(ROOT))
        (wheel,) = (folder / "dist").glob("*.whl")
        print("| `pip install` | MB | packages |\n| --- | --- | --- |", flush=True)
        for extra in extras:
            install(folder / extra, str(wheel) + wanted(extra))
            show(folder / extra, "leverkit" + wanted(extra))
            attempt(folder / extra, set(extra.split(",")))
        (sdist,) = (folder / "dist").glob("*.tar.gz")
        install(folder / "sdist", str(sdist))
        attempt(folder / "sdist", set())
    print("sdist and wheel work in empty environments")


def wanted(extra: str) -> str:
    """Return extras in brackets."""
    return "" if extra == "alone" else f"[{extra}]"


def run(*words: str, cwd: Path = ROOT, code: int = 0, **environment: str) -> str:
    """Run a command; raises SystemExit if it ends with another code."""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("LEVER", "PYTHON"))}
    ended = subprocess.run(words, cwd=cwd, env=here | environment, capture_output=True, text=True)
    if ended.returncode != code:
        raise SystemExit(f"{words}: {ended.returncode} instead of {code}\n{ended.stdout}{ended.stderr}")
    return ended.stdout + ended.stderr


def install(place: Path, what: str) -> None:
    """Install into a new environment, with the versions that are tried."""
    run(sys.executable, "-m", "venv", str(place))
    pip = (str(place / "bin" / "python"), "-m", "pip")
    run(*pip, "install", "--quiet", "-c", str(ROOT / "constraints.txt"), what)
    run(*pip, "check")


def show(place: Path, what: str) -> None:
    """Print the size of an environment, without pip and what venv adds."""
    (site,) = (place / "lib").glob("python3*/site-packages")
    kept = [path for path in site.iterdir() if not path.name.startswith(("pip", "setuptools", "_distutils"))]
    files = {file for path in kept for file in (path, *path.rglob("*")) if file.is_file()}
    size = sum(file.stat().st_size for file in files if "__pycache__" not in file.parts)
    packages = sum(path.suffix == ".dist-info" for path in kept)
    print(f"| {what} | {size / 1e6:.0f} | {packages} |", flush=True)


def attempt(place: Path, extras: set[str]) -> None:
    """Read and audit an account, copy the notebooks, and try what needs an extra."""
    leverkit, here = str(place / "bin" / "leverkit"), {"HOME": str(place)}
    with running(contacts=60, rate=None) as account:
        key = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        run(leverkit, "pull", "-o", "snapshot", "--rate", "1000", cwd=place, **here, **key)
        run(leverkit, "doctor", cwd=place, **here, **key)
    run(leverkit, "audit", "snapshot", "--html", "audit.html", cwd=place, **here)
    run(leverkit, "notebooks", "pages", cwd=place, **here)
    has = extras | ({"emulator"} if "listen" in extras else set())  # which brings the same web server
    for extra in NAMES.keys() - has:
        assert f"leverkit[{extra}]" in run(leverkit, *NAMES[extra], cwd=place, code=64, **here)
    if "emulator" in extras:
        tls = ["--tls"] if "tls" in extras else []
        assert "base_url" in run(leverkit, "emulator", "--idle-exit", "1", *tls, cwd=place, **here)
    if "postgresql" in extras:
        assert "127.0.0.1" in run(leverkit, *NAMES["postgresql"], cwd=place, code=64, **here)
    for driver in extras & {"snowflake", "bigquery"}:
        run(str(place / "bin" / "python"), "-c", f"import adbc_driver_{driver}.dbapi", cwd=place, **here)
    if "dlt" in extras:
        source = "from leverkit.dlt_source import lever; print(sorted(lever().resources))"
        assert "opportunities" in run(str(place / "bin" / "python"), "-c", source, cwd=place, **here)
    if {"notebooks", "emulator"} <= extras:
        assert "audit.html" in run(leverkit, "demo", "-o", "demo", "--contacts", "60", cwd=place, **here)
    if "scan" in extras:
        (place / "x.py").write_text("requests.get(f'https://api.lever.co/v1/candidates/{id}')")
        assert "leverkit[scan]" not in run(leverkit, "scan", "x.py", cwd=place, **here)


if __name__ == "__main__":
    main(sys.argv[1:] or list(EXTRAS))
