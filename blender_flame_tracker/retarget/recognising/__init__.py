"""Recognition of a character: which objects belong to it, and what each of its controls does.

Start reading at `recognise`.
"""
