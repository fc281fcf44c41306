"""Which requests an enforcement point lets pass. Knows no mesh: it reads what meshes say in ``model.mesh``."""
