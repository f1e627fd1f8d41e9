"""The key: kept secret, and sent only to an address where that is safe.

httpx is loaded where it is used: it takes longer to load than a command that only reads a key's name.
"""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import quote

from leverkit.errors import Unreachable, UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEVER = "lever.co"
TOKEN = re.compile(r"[A-Za-z0-9+=_-]{16,}")
CHANGES = 0.42  # of the kind of letter, for each letter: random text has 0.6, LeverKeyAlpha2024Prod 0.38
SHORTEST = 6  # characters of what can be a key: shorter ones would be found in every text


class Secret:
    """A key or token that appears in no repr, message, pickle or traceback."""

    __slots__ = ("reveal",)

    def __init__(self, value: str) -> None:
        self.reveal: Callable[[], str] = lambda: value  # a closure: no attribute holds the value

    def __repr__(self) -> str:
        return "Secret(…)"

    def is_in(self, text: str) -> bool:
        """Return True if a text contains the secret in any form."""
        return bool(self.reveal()) and _forms_of(self.reveal()).search(text) is not None

    def hidden(self, text: str) -> str:
        """Return a text in which no form of the secret can be read."""
        value = self.reveal()
        return _forms_of(value).sub("(the key)", text) if len(value) >= SHORTEST else text

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")

    @property
    def lasting(self) -> str:
        """Return what the secret is known by in all processes, also after it was replaced."""
        return self.reveal()


class ExpiringToken(Secret):
    """A token that is replaced now and then; what replaces it may block. `reveal` gives the present one."""

    __slots__ = ()

    def ready(self) -> Secret:
        """Return a token that is valid now, after having replaced one that is not. Raises LeverkitError."""
        raise NotImplementedError

    def replaced(self, refused: Secret) -> bool:
        """Return True if there is another token than the one that Lever refused, replaced now or before."""
        raise NotImplementedError


def post_form(url: str, fields: Mapping[str, Secret | str]) -> tuple[int, bytes]:
    """Send a form of secrets and return status and body; with no answer or 5xx, a few times.

    Raises Unreachable.
    """
    import httpx

    for wait in (0.5, 2.0, None):
        try:
            status, content = _posted(url, fields)
        except httpx.HTTPError as error:
            status, content = 0, type(error).__name__.encode()
        if 0 < status < 500 or wait is None:
            break
        time.sleep(wait)
    if not 0 < status < 500:
        text = f"no usable answer from {url} ({status or content.decode()})."
        raise Unreachable(text, method="POST", path="/oauth/token", status=status or None)
    return status, content


def _posted(url: str, fields: Mapping[str, Secret | str]) -> tuple[int, bytes]:
    import httpx

    local = httpx.URL(url).host in LOOPBACK
    data = {name: value.reveal() if isinstance(value, Secret) else value for name, value in fields.items()}
    with naming_variables():
        response = httpx.post(url, data=data, timeout=30, trust_env=not local)
    return response.status_code, response.content


@contextmanager
def naming_variables() -> Iterator[None]:
    """Name the variables by which httpx finds a proxy or certificates that it cannot use. Raises UsageError.

    What they hold is not shown: the address of a proxy may have a password.
    """
    import httpx

    try:
        yield
    except OSError:
        raise UsageError(
            "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: name a PEM file"
        ) from None
    except (ValueError, ImportError, httpx.InvalidURL):
        raise UsageError(
            "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be used: give it the form "
            "http://host:port; a SOCKS proxy needs the package socksio"
        ) from None


def checked_url(text: str, name: str = "LEVER_BASE_URL") -> str:
    """Return a URL without a trailing slash. Raises UsageError if it is no URL, or an unsafe one."""
    import httpx

    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise UsageError(f"{name} is not a URL, such as https://api.lever.co/v1") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
        raise UsageError(f"{name} must look like https://api.lever.co/v1, without a key or query in it")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise UsageError(
            f"{name} must begin with https:// for {url.host}: http would show the key to the network"
        )
    return str(url).rstrip("/")


def may_be_key(text: str) -> bool:
    """Return True if a text holds a token that mixes capitals, small letters and digits at random."""
    return any(map(_is_random, TOKEN.findall(text)))


def is_safe_host(host: str) -> bool:
    """Return True if a host is Lever's own, or this computer: a key may go there whoever names it."""
    return host in LOOPBACK or host == LEVER or host.endswith(f".{LEVER}")


def same_host(one: str, other: str) -> bool:
    """Return True if two hosts are one; this computer is, by whatever name. An unknown host is any."""
    return not one or not other or one == other or (one in LOOPBACK and other in LOOPBACK)


def _is_random(token: str) -> bool:
    kinds = ["A" if each.isupper() else "a" if each.islower() else "0" for each in token if each.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    return {*kinds} == {"A", "a", "0"} and changes >= CHANGES * len(kinds)


def _forms_of(value: str) -> re.Pattern[str]:
    """Return a pattern of a secret as it is, and as HTTP, base64, percent-encoding, JSON or HTML write it.

    What follows the secret changes only the end of its base64: the beginning and all behind it is taken.
    """
    bits = value.encode()
    begun = {
        code(bits)[: len(bits) * 8 // 6].decode() for code in (base64.b64encode, base64.urlsafe_b64encode)
    }
    begun |= {quote(form, safe="") for form in begun}
    whole = {value, quote(value, safe=""), html.escape(value), json.dumps(value)[1:-1]}
    begun, whole = (forms | set(map(_lower_percent, forms)) for forms in (begun, whole))
    return re.compile(f"(?:{_any_of(begun)})(?:[A-Za-z0-9+/=_-]|%(?:2[BbFf]|3[Dd]))*|{_any_of(whole)}")


def _lower_percent(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _any_of(forms: set[str]) -> str:
    return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
