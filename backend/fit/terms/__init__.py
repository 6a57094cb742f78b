"""Parts of the cost: landmarks, openings of lids and lips, priors, smoothness in time. The sum is in docs/solver.md.

Calls `geometry`, `options` and `evidence`. Start with `landmark_term`.
"""
