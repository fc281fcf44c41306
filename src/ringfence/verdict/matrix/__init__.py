"""The whole relation as a matrix of ends: what a picture of a cluster is made of."""
