"""The person's outline against the head's silhouette, as a part of the cost.

Calls `geometry`, `options`, `evidence`, `terms` and `raster`. Start with `term`.
"""
