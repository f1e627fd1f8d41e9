"""Facts about tags, without opinion."""
