"""Benchmarks of speed and memory, one file each.

Calls `scenes` and `chain`. Start with `clip`, the whole way from a video to a track file.
"""
