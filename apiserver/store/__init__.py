"""The store: keys, values, revisions, and a log that can be watched (see `types` for what that means).

`types` is the contract. `lmdb_store.LmdbStore` keeps it on disk, `memory.MemoryStore` in memory; `revision` is the
encoding of resource versions; `compaction.Compactor` forgets old history. From the floor up:

    types, revision, keys, layout        values, and their forms
    draft, tail, scan, listing           pure: what a batch does, what a pass or a page is
    format, environment, snapshot,       LMDB
    persist, writer
    volatile, view, hub, expiry          what readers see, who waits, what ends by itself
    lmdb_store, memory                   stores
    compaction                           beside a store

Not in here: what a value means. The API layer stores JSON (see docs/decisions/0001-store-values.md).
"""
