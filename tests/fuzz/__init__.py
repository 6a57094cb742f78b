"""Damaged and hostile files of every kind that the program reads: each has to end as a value or as a clear sentence.

`python -m tests.fuzz --help` runs as many as one likes; the tests here run a short, fixed share of them.
"""
