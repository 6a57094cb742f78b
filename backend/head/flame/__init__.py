"""FLAME model files of every version, and the optional files beside them."""
