"""What the web door knows: forms, submissions, proofs of an address, the conversation a participant may see.

Pure: no I/O, no clock; time and ids are passed in.
"""
