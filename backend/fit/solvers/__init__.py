"""Solvers: what the clip shares on key frames (Schur complement), then every frame (banded Cholesky).

Calls `outline`, `terms` and what lies below them. Start with `levenberg_marquardt`, then `identity` (key frames) and
`motion` (every frame).
"""
