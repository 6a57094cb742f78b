"""The head of an import: its mesh, shape keys, materials and texture, and what is worked on it by hand.

Start reading at `head_writing`, which writes all of it.
"""
