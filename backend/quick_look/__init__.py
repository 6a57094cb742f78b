"""A quick look at a video before anything is tracked: what it is, and who is in it.

Floor 7: may call every lower one. Start with `overview`.
"""
