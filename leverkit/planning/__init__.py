"""From a policy to a plan; sends no request."""
