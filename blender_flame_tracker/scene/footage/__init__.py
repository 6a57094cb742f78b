"""The footage behind the head: picture, time, sound, and the masks that are drawn on it.

Start reading at `plate`.
"""
