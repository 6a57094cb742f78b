"""The sample: a filmed head with known truth, made on the spot, for the demo, tests and benchmarks.

Floor 15: may call every lower one. Start with `sample` and `clip`.
"""
