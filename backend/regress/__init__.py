"""First guesses of identity and expression by networks, where a user has their files (MICA, DECA).

Floor 7: may call every lower one. Start with `starts`.
"""
