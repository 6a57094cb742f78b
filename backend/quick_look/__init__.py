"""A quick look at a video before anything is tracked: what it is, and who is in it.

May call everything up to `landmarks`. Start with `overview`.
"""
