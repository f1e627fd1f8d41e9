"""The check-up of an installation, and the contract check: what of our picture of Lever is true in an account."""

from leverkit.doctor.checkup import Check, Checkup, examine

__all__ = ["Check", "Checkup", "examine"]
