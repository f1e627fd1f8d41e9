"""What notebooks call, and notebooks as jobs."""
