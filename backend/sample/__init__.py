"""The sample: a filmed head with known truth, made on the spot, for the demo, tests and benchmarks.

May call everything up to `run`. Start with `sample` and `clip`.
"""
