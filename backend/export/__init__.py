"""Writers for other programs' formats; pictures and cameras exactly as their readers understand them.

Floor 12: may call every lower one. Start with `writing`; each format is a file of its own.
"""
