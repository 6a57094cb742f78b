"""Solvers: what the clip shares on key frames (Schur complement), then every frame (banded Cholesky)."""
