"""Detectors of the scanner: by path, by name, by what a signature is made of, and by text alone."""
