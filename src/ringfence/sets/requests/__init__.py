"""Sets of requests: exact over ports, methods, paths, hosts, header fields, claims of tokens. Knows no mesh."""
