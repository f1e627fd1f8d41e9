"""What needs more than the client and the commands: the extras of the package, as in pyproject.toml."""

from __future__ import annotations

from importlib.util import find_spec

from leverkit.errors import UsageError

MODULES = {
    "notebooks": ("ipykernel", "ipywidgets", "jupyterlab", "nbclient", "nbconvert", "nbformat", "papermill"),
    "emulator": ("httptools", "uvicorn"),
    "listen": ("httptools", "prometheus_client", "starlette", "uvicorn"),
    "scan": ("tree_sitter",),
    "xlsx": ("openpyxl",),
    "tls": ("trustme",),
    "dlt": ("dlt",),
    "postgresql": ("adbc_driver_postgresql",),
    "snowflake": ("adbc_driver_snowflake",),
    "bigquery": ("adbc_driver_bigquery",),
}


def is_installed(extra: str) -> bool:
    """Return True if the modules of an extra are there; none is imported."""
    return all(find_spec(module) for module in MODULES[extra])


def require(*extras: str) -> None:
    """Raise UsageError, which names the command that installs them, unless these extras are installed."""
    missing = [extra for extra in extras if not is_installed(extra)]
    if missing:
        raise UsageError(f"this needs packages that are not installed: {command(*missing)}")


def command(*extras: str) -> str:
    """Return the command that installs extras."""
    return f"pip install 'leverkit[{','.join(extras)}]'"
