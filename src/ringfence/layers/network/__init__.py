"""The network layer: NetworkPolicy and the admin tiers, as one exact relation."""
