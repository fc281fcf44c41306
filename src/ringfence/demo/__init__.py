"""A bundled company's cluster with the mistakes that people make, and the story that ringfence tells about it."""
