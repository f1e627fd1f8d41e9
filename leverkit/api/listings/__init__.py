"""Lever's listings as data, and what follows: filters, personal fields, frames, what is left out."""
