"""Pure algebra: ports, addresses, label selectors, bit sets. Knows nothing of Kubernetes objects or of ringfence."""
