"""Benchmarks against the truth, one file each."""
