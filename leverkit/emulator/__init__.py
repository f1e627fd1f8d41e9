"""A Lever account on this computer: real HTTP on loopback, built to what is known about its Data API.

`with running(contacts=200) as account:` serves one from a thread, `python -m leverkit.emulator` from a
process. It imports nothing from the rest of leverkit, so that it cannot share the client's misreadings.
"""

from leverkit.emulator.running import Running, running

__all__ = ["Running", "running"]
