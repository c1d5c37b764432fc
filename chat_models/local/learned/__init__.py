"""The learned reader: boosted trees over ink, place and wording find keys and their values."""
