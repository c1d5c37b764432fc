"""Thousands of documents: found, read by worker processes, asked about at once, written down one by one."""
