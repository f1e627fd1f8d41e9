"""Probes that only read, by subject. None of them asks for more than an id and what tagging needs."""
