"""What is asked of Lever, and when again: decided without sending or waiting, for both kinds of client."""
