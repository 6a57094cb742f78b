"""Clips of people with known truth, and the shared ones, for benchmarks."""
