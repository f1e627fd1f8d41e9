"""Accounts to serve: generated from a seed, or loaded from files."""
