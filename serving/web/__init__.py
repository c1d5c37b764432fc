"""The web application: REST under /api/v1, the page, health and metrics."""
