"""Better prompts out of what the present ones get wrong."""
