"""Making it so: independent controllers that bring the machine to what the API server says is true.

Each room in here is one controller: `plan.py` decides and is pure, `reconcile.py` reads, plans and acts. They meet only
over the API server and never import one another; `run` alone knows them all. Not in here: what objects look like
(`schemas`) and how one talks to the server (`client`).
"""
