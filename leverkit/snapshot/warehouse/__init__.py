"""A snapshot out of a copy of Lever in a warehouse, without the API, which says what the copy lacks."""
