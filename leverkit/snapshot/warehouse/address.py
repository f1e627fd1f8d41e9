"""The address of a copy: read, and refused with what to write instead. A password in it is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qs, urlsplit

from leverkit.errors import UsageError

POSTGRESQL = ("postgresql", "postgres", "redshift")
SCHEMES = (*POSTGRESQL, "snowflake", "bigquery")
FORMS = {
    "snowflake": "snowflake://USER@ACCOUNT/DATABASE/SCHEMA?warehouse=NAME",
    "bigquery": "bigquery://PROJECT/DATASET",
}
_SECRET = re.compile("passw|secret|token|pkcs8_value", re.IGNORECASE)  # parameters of a key or password
PASSWORD = (
    "a password in an address ends up in lists of commands and processes: take it out, and set PGPASSWORD or "
    "a pass file, or SNOWFLAKE_PASSWORD. Other characters than letters and digits are written as %40 (for @)"
)


def form(scheme: str) -> str:
    """Return how an address of this scheme is written."""
    return FORMS.get(scheme, f"{scheme}://USER@HOST:PORT/DATABASE")


def is_address(text: str) -> bool:
    """Return True for the address of a warehouse, False for a path.

    Raises UsageError for what is an address of another kind, or a connection in another form.
    """
    scheme, colon, rest = text.partition(":")
    if scheme.lower() in SCHEMES and colon:
        return True
    if rest.startswith("//") or re.match(r"\s*(host|hostaddr|user|dbname|service|password)\s*=", text):
        kinds = ", ".join(form(each) for each in ("postgresql", "redshift", *FORMS))
        raise UsageError(
            f"no such kind of address: --from takes a path, or an address that is written as {kinds}"
        )
    return False


def parse(text: str) -> SplitResult:
    """Return the parts of an address. Raises UsageError where it cannot be read or holds a password."""
    scheme, _, rest = text.partition(":")
    written = f"an address of {scheme.lower()} is written as {form(scheme.lower())}"
    try:
        parts = urlsplit(text)
        given = parts.password is not None or _is_cut(parts) or any(map(_SECRET.search, query(parts)))
    except ValueError:
        raise UsageError(f"the address of the copy cannot be read; {written}") from None
    if given:
        raise UsageError(PASSWORD)
    if not rest.startswith("//") or not rest.strip("/"):
        raise UsageError(written)
    return parts


def query(parts: SplitResult) -> Mapping[str, str]:
    """Return the parameters of an address, each once."""
    return {name: values[-1] for name, values in parse_qs(parts.query).items()}


def schema(parts: SplitResult) -> str:
    """Return the schema that an address names: Snowflake's in its path, PostgreSQL's as its search path."""
    if parts.scheme == "snowflake":
        return parts.path.strip("/").partition("/")[2]
    named = re.findall(r"search_path\s*=\s*(\S+)", query(parts).get("options", ""))
    return named[-1].strip('"') if named and "," not in named[-1] else ""


def _is_cut(parts: SplitResult) -> bool:
    """Return True where an unquoted `/`, `?` or `#` of a password was taken for the end of the host."""
    port = parts.netloc.rpartition(":")[2] if ":" in parts.netloc else "0"
    rest = parts.path + parts.fragment + ("" if port.isdigit() else parts.query)
    return "@" in rest and "@" not in parts.netloc
