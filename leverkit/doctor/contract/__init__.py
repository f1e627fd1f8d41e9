"""The contract check: what an account confirms, refutes or leaves open of what we believe about Lever."""
