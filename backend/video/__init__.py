"""Footage: opening videos and sequences of pictures, and decoding their frames with exact times.

May call `contract`, `system`, `data`. Start with `reader` (frames) and `opening` (which frames are asked for).
"""
