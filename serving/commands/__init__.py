"""The command line's commands. Heavy imports wait inside each: `--help` is to answer at once."""
