"""Images from servers."""
