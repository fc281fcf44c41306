"""What the objects of the input tell of the cluster's network plugin.

Source of the names, flags and labels: the installation manifests, charts and documentation of each plugin.
"""
