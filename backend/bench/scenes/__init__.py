"""Clips of people with known truth, and the shared ones, for benchmarks.

Calls `chain` (the stages of a benchmark), `measures`, and of `truth` the independent head. Start with `synthetic`.
"""
