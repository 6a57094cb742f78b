"""Pictures of a head: rasterising, shading, overlays. Pixel (0, 0) is the centre of the top-left one, as everywhere."""
