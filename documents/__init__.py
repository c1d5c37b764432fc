"""From bytes to pages to words, and from values back to places on the page."""
