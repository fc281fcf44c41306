"""From files to the objects of one cluster: reading, checking, putting together."""
