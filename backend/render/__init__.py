"""Pictures of a head: rasterising, shading, overlays. Pixels as everywhere: (0, 0) is the centre of the top-left one."""
