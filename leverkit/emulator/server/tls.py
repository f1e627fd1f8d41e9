"""A certificate of the emulator's own, for clients whose address of Lever is fixed and begins with https.

A new authority is made at each start; its key never leaves the process. It vouches for this computer and for
Lever's two addresses, which only programs believe that are told to trust its file.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

NAMES = ("localhost", "127.0.0.1", "api.lever.co", "api.sandbox.lever.co")


class Certificate:
    """What a server shows (`context`), and the file by which clients trust it (`ca_file`), until `close`.

    Raises ModuleNotFoundError without the extra `tls`.
    """

    def __init__(self) -> None:
        try:
            import trustme
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{error}: pip install 'leverkit[tls]'", name=error.name) from None
        authority = trustme.CA(organization_name="leverkit emulator")
        self._folder = TemporaryDirectory(prefix="leverkit-emulator-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*NAMES).configure_cert(self.context)

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()
