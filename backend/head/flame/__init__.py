"""FLAME model files of every version, and the optional files beside them.

Calls `model`, `geometry`, `regions`, `uv`, `embedding` and `untrusted`. Start with `flame_file`.
"""
