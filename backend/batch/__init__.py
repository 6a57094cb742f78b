"""Many shots, one after the other or several at once: which they are, what became of each, and a page about all.

Floor 15: may call every lower one. Start with `driver`; `manifest` is what it remembers, `worker` one shot at work.
"""
