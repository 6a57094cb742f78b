"""Benchmarks against the truth, one file each.

Calls `scenes`, `measures` and `chain`. Start with `exact` (the solve alone), then `rendered` (from pictures on).
"""
