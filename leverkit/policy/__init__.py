"""What people decide: scopes of tags, proposed, edited and checked."""
