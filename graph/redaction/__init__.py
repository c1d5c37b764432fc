"""What may not leave the process: which values, where one run has them, and how traces and logs lose them."""
