"""The colour of a head without light: which spaces there are, and their files."""
