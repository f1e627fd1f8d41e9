"""Check what a run did, by reading again and by recomputing."""
