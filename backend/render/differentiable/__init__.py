"""Rasterising with one of several libraries, and everything after it in torch, with gradients, on any device.

`clip` says what a rasteriser gets and gives; `choice` opens the best one that works here; `with_numba`,
`with_nvdiffrast` and `with_pytorch3d` are the implementations. What follows is the same for all of them:
`interpolate`, `shading`, `texture` (mip levels), `antialias` (silhouettes), and `drawing`, which puts them together.
"""
