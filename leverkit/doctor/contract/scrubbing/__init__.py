"""Scrub exchanges before they are written: what is about a person or an account is replaced."""
