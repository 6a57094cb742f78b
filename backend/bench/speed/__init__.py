"""Benchmarks of speed and memory, one file each."""
