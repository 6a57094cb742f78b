"""Benchmarks: how fast the engine is, and how near to the truth. ``python -m backend bench --help`` lists them.

Floor 17: may call every lower one. Start with `registry`; `truth` and `speed` hold a file for each,
`scenes` what is filmed, `measures` how errors are measured.
"""
