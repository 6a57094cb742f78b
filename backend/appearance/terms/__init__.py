"""Parts of the cost that compare pictures, and their normal equations.

Calls `pictures`, and `fit` and what lies below it. Start with `photometric_term`.
"""
