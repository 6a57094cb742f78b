"""Weights and options of the fit, in one place."""
