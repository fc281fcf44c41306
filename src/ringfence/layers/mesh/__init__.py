"""The mesh above the network: which hops a flow takes, and what each of them proves, encrypts and asks."""
