"""The same work on several machines: Ray hands out parts of a run, each machine does its parts as it would a run."""
