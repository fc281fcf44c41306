"""What exists in a cluster, as far as the input says: objects, where each came from, and what is not known of them."""
