"""Head models as arrays: FLAME files, the built-in head, skinning, landmark embeddings, albedo.

May call everything up to `raster`. Start with `model` (the arrays), `library` (which heads there are), `skinning`.
"""
