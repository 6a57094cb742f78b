"""Solvers: what the clip shares on key frames (Schur complement), then every frame (banded Cholesky).

Calls the rest of the fit but `lens` and the main road (`fitting`, `clip`, `result`). Start with `levenberg_marquardt`,
then `shared_fit` (key frames) and `every_frame`.
"""
