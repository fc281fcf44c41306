"""The page of ``map -o html``: one file that needs nothing else."""
