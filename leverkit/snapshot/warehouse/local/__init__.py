"""Copies on this computer: database files, and folders of files."""
