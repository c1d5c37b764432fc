"""Forms drawn by chance, with what is right on them: pages to train on that have no terms."""
