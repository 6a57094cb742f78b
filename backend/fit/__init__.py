"""The fit: pose, expression, identity and camera of a whole clip by least squares on landmarks; see docs/solver.md.

May call everything up to `parsing`. Start with `fitting` (the stage's steps) and `clip` (the solve). Below them:
`options`, `geometry` (unknowns, where points fall), `evidence` (what was measured), `terms` (parts of the cost),
`outline`, `solvers`, `lens`.
"""
