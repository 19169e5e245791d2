"""What an object of each kind may be: names, keys, schemas, metadata, rules, patches and the bytes that are stored.

All of it is pure: JSON in, JSON and causes out. No store, no HTTP, no clock, no dice; the time, uids and random letters
that an object needs are passed in.

    registry     which kinds there are; keys and field selectors
    structural   schema -> closures that default, prune and validate (made by `nodes`, `cleaning`, `checking`)
    metadata     what the system writes into metadata, and what nobody may
    builtin      rules of single kinds that no schema can say
    lifecycle    the order in which all of these meet an object on its way in
    managed      who owns which field: server-side apply
    patches      JSON merge patch and JSON patch; `strategic` has the merge by schema
    causes       what is wrong with a field, in Kubernetes' words
    codec        text and bytes to objects and back
"""
