"""Whole-clip least squares: the landmark points of a head, their Jacobians by hand, residuals, and two solvers."""
