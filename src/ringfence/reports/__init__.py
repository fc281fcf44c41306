"""Answers as people and programs read them: one module a format. Nothing here reads files or decides anything.

Every name that comes from the input is untrusted: each format escapes it in its own way before it is written.
"""
