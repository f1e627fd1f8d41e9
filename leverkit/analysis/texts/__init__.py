"""The texts of tags: which signs and words make another tag, and which another spelling."""
