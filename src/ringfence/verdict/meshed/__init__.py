"""The verdict of all layers: network, transport and requests, hop by hop, for worlds that have a mesh.

``asking.py`` answers questions, ``judging.py`` one course of one flow, ``values.py`` is what comes out.
"""
