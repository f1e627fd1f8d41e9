"""Carry a plan out, resume it and undo it."""
