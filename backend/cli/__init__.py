"""The command line. Flags are views of the settings classes; nothing here computes.

May call every package but `bench`. Start with `main`, then `track`.
"""
