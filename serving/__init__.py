"""Every way in: the command line and what it prints."""
