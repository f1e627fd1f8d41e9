"""The check-up of an installation, and `contract`: what an account confirms of our assumptions on Lever."""

from leverkit.doctor.checkup import Check, Checkup, examine

__all__ = ["Check", "Checkup", "examine"]
