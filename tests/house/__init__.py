"""The rules of the house: size and names of modules, dependencies, versions, what may import what."""
