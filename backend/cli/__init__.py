"""The command line. Flags are views of the settings classes; nothing here computes.

Floor 16: may call every lower one. Start with `main`, then `track`.
"""
