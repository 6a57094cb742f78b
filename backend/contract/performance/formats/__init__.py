"""Performances as files of other programs, read and written: Live Link Face, Face Cap, Audio2Face, MetaHuman, VRM.

Each format is a file or two here, written from its description; nothing needs more than numpy. Start with `reading`
for what comes in.
"""
