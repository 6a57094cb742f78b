"""A head in a square picture of its own: crops, their cameras, light and texture codes, renderings."""
