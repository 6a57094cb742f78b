"""MediaPipe's 478 landmarks on the mesh of a head: as measured, or by registration of the face mesh.

Calls `model`, `geometry`, files of `builtin` and `flame`, and `raster`. Start with `landmark_embedding`.
"""
