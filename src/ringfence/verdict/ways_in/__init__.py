"""Ways into the cluster, hop by hop: from outside over nodes, load balancers and ingress controllers to pods.

``finder.py`` finds them; ``software.py`` knows the controllers, ``routing.py`` which routes are served by whom.
"""
