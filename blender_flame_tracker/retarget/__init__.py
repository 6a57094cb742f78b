"""Characters of the user: what they are recognised as, and a performance put onto them.

Start reading at `apply`, which writes a performance, or at `recognise`, which makes the mapping that it follows.
"""
