"""Parts of a portrait in 19 classes: by a network where its file is there, by geometry otherwise.

Floor 7: may call every lower one. Start with `parser`.
"""
