"""The unknowns of the fit, the landmark points of a head, where they fall in the picture, and derivatives by hand."""
