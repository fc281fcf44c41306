"""Measures ringfence, and the tools that people use today, on the same inputs on the same machine in the same run."""
