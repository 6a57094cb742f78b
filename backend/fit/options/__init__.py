"""Weights and options of the fit, in one place.

Calls `contract` alone. Start with `fit_options` (what the settings become), then `weights` (of every term).
"""
