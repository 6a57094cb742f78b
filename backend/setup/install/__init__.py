"""Fetching Python and packages, filling an environment beside the present one, proving it, switching to it.

Stands on `..plan`, and says how far it is through `..reporter`. Start at `environment`.
"""
