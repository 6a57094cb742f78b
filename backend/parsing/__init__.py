"""Parts of a portrait in 19 classes: by a network where its file is there, by geometry otherwise.

May call everything up to `landmarks`. Start with `parser`.
"""
