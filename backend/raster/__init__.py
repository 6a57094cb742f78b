"""Drawing triangles on the processor: which triangle every pixel shows, how far away it is, and normals.

May call `contract`, `system`, `data`. Start with `rasterizer` (what every rasteriser offers), then `visibility`.
"""
