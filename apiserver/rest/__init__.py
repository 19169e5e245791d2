"""HTTP: requests come in, objects and streams go out.

In here, in the order that a request meets them: `paths` (what is asked for), `query` (with which options), `negotiate`
(in which format), `reading`, `watching`, `writing`, `deleting`, `transaction` (what is done), `tables` (how it is
shown), `discovery` (what there is), `proxy` (what node agents answer), `service` (the one that holds them together).
Not in here: what an object may be (`kinds`), how it is kept (`store`).
"""
