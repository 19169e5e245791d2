"""Server-side apply: field ownership as a pure library over plain JSON objects.

In comes an object as it is stored, what a client sent, and the kind's `TypedSchema`; out comes the object as it should
be stored, with `metadata.managedFields` saying which manager owns which fields. `apply` serves apply patches,
`track_update` every other write. Nothing here reads a clock, stores or answers requests, and no argument is ever
changed; what comes out may share parts with what went in.

    fieldset   sets of fields in the form of FieldsV1
    typed      a structural schema, compiled into what it says about merging
    compare    which fields a value has, and which differ between two versions
    merge      what applying does to values
    entries    the entries of managedFields, and the names of managers
    conflict   fields that somebody else owns
    lastapplied  what kubectl noted when it applied client-side
    update     books after a create, update or patch
    apply      server-side apply itself
"""

from fizz.apiserver.kinds.managed.apply import apply
from fizz.apiserver.kinds.managed.conflict import ApplyConflict, Conflict
from fizz.apiserver.kinds.managed.entries import default_manager, is_reset, validate_entries, validate_manager
from fizz.apiserver.kinds.managed.merge import TypedError
from fizz.apiserver.kinds.managed.typed import TypedSchema
from fizz.apiserver.kinds.managed.update import track_update

__all__ = [
    "ApplyConflict",
    "Conflict",
    "TypedError",
    "TypedSchema",
    "apply",
    "default_manager",
    "is_reset",
    "track_update",
    "validate_entries",
    "validate_manager",
]
