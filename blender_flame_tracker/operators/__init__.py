"""Operators: all that the user can do, one family per file.

Calls everything but `ui`. Start reading at `track`, which the Track button leads to.
"""
