"""Characters of the user: what they are recognised as, and a performance put onto them.

Start reading at `writing.apply`, which writes a performance, or at `recognising.recognise`, which makes the mapping
that it follows.
"""
