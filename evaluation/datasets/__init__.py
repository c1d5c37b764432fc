"""Documents with their expected answers, one module a layout."""
