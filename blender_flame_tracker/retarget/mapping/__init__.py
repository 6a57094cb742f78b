"""The mapping from a performance to the controls of a character: kept, shown as a list, and put into files.

Start reading at `mapping_group`.
"""
