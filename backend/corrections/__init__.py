"""Corrections by hand, as the engine takes them: what shall not count, and clips solved again around pinned frames.

Floor 11: may call every lower one, among them `fit` and `appearance`. Start with `exclusion` and `pinned_fit`.
"""
