"""The check-up of an installation, and `contract`: which of our beliefs about Lever an account confirms."""

from leverkit.doctor.checkup import Check, Checkup, examine

__all__ = ["Check", "Checkup", "examine"]
