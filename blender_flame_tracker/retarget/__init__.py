"""Characters of the user: what they are recognised as, and a performance put onto them.

Start reading at `recognise`, which makes the mapping that a performance follows.
"""
