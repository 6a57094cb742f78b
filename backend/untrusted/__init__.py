"""Files of strangers read as data: pickles, torch checkpoints, arrays. Nothing in them is ever run.

May call `contract` alone. Start with `restricted_pickle` (head models) and `checkpoint` (weights of networks).
"""
