"""Probes that write to one test opportunity. Only `doctor --contract --write-probes` reaches them."""
