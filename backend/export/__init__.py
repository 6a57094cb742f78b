"""Writers for other programs' formats; pictures and cameras exactly as their readers understand them.

May call everything up to `photo`. Start with `writing`; each format is a file of its own.
"""
