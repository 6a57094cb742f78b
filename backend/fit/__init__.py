"""The fit: pose, expression, identity and camera of a whole clip by least squares on landmarks; see docs/solver.md.

Floor 8: may call every lower one. Start with `fitting` (the stage, step by step) and `clip` (the solve: first poses,
key frames, every frame). `shared_fit` and `every_frame` are its two halves, `clip_input` is what goes in, `result`
what comes out. Below: `options`, `geometry` (unknowns, where points fall), `evidence` (what was measured), `terms`
(parts of the cost), `outline`, `solvers`, `lens`.
"""
