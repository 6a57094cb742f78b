"""Benchmarks: how fast the engine is and how near to the truth, measured on the machine that asks."""
