"""The fit: pose, expression, identity and camera of a whole clip by least squares on landmarks; see docs/solver.md.

Floor 8: may call every lower one. Start with `fitting` (the stage, step by step) and `clip` (the solve: first poses,
key frames, every frame). They stand on `clip_input` and `solved_frames`, and end in `result`. Below: `options`,
`geometry` (unknowns, where points fall), `evidence` (what was measured), `terms` (parts of the cost), `outline`,
`solvers`, `lens`.
"""
