"""What the policies of policy.networking.k8s.io share: subjects, peers and rules of the Admin and Baseline tiers."""
