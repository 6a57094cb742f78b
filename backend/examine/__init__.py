"""Examination of model files, in a separate process, as nobody asked for them to be opened.

May call everything up to `regress`. Start with `inventory` and `apart`.
"""
