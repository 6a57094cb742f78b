"""Parts of the cost that compare pictures, and their normal equations.

Calls `device` and `view` of the folder above, `fit` and `head`. Start with `photometric_term`.
"""
