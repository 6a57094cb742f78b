"""The editable rig of a head: bones, named shape keys, their animation, layers of edits, and the way back.

Everything comes from the track file, by numpy. Start reading at `decomposition`, then `writing`.
"""
