"""Review of a track as one film: footage beside what was made of it, with sound, frame numbers and time code.

Start reading at `making`, which goes through the frames; `pictures` renders, `wires` draws, `film` writes.
"""
