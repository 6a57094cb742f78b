"""Examination of model files, in a separate process, as nobody asked for them to be opened.

Floor 8: may call every lower one. Start with `separate_process`, then `inventory`.
"""
