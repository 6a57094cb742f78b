"""What the user can do; one family of operators per file.

Calls everything but `ui`. Start reading at `track`, which the Track button leads to.
"""
