"""Istio: what its objects say of who may ask what of whom."""
