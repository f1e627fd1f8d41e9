"""Lead a Python program's connections to Lever to the emulator at LEVER_EMULATOR_PORT of this computer.

For programs whose address of Lever is fixed: with this folder on PYTHONPATH, and REQUESTS_CA_BUNDLE or
SSL_CERT_FILE naming the emulator's `ca_file`. Nothing else can be reached: a copy of an emulated account
needs no network.
"""

import os
import socket

PORT = int(os.environ.get("LEVER_EMULATOR_PORT", "0"))
LEVER = ("api.lever.co", "api.sandbox.lever.co")
HERE = ("localhost", "127.0.0.1", "::1", None, "", b"localhost")
_resolve = socket.getaddrinfo


def _redirected(host, port, *args, **kwargs):
    if host in LEVER:
        return _resolve("127.0.0.1", PORT, *args, **kwargs)
    if host not in HERE:
        raise socket.gaierror(f"{host}: only the emulated account can be reached")
    return _resolve(host, port, *args, **kwargs)


if PORT:
    socket.getaddrinfo = _redirected
    try:  # Airbyte's framework sends in a way by which requests asks certifi, and not the environment
        import certifi

        certifi.where = lambda: os.environ["REQUESTS_CA_BUNDLE"]
    except ImportError:
        pass
