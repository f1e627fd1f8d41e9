"""The handlers of Lever's paths: each takes a Request and returns a Response."""
