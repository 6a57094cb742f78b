"""First guesses of identity and expression by networks, where a user has their files (MICA, DECA).

May call everything up to `landmarks`. Start with `starts`.
"""
