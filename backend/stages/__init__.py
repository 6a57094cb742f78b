"""Stages of a job, one file each: (inputs, settings, context) -> output or failure.

Floor 13: may call every lower one. Packages below do the work; `smooth` and `track` do theirs themselves. A stage's
settings and links are in `contract`; how it is run and kept is the `CODE` at the end of its file. Start with `video`,
`landmarks`, `fit`, `track`.
"""
