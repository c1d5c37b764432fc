"""How good it is: datasets, metrics and experiments."""
