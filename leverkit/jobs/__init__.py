"""Jobs that join what the other packages do, for commands and notebooks to call."""
