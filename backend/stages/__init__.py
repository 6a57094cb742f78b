"""Stages of a job, one file each: (inputs, settings, context) -> output or failure.

They call the packages below and hold no work of their own. A stage's settings and links are in `contract`; how it is
run and kept is the `CODE` at the end of its file. Start with `video`, `landmarks`, `fit`, `track`.
"""
