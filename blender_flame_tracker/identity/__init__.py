"""Identity changed by hand: sliders of the head's modes, and sculpting, kept for the next track.

Start with `editing`; what is seen of it on the imported head stands in `scene.head.identity_change`.
"""
