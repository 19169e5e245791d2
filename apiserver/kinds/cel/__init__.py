"""Rules in the Common Expression Language (`x-kubernetes-validations`): checked once, evaluated for each object.

    rule text ──types──▶ type-checked against the schema (compile errors are told when the definition is written)
              ──engine─▶ compiled for plain values ──values──▶ evaluated on what `self` and `oldSelf` stand for

The language itself is google's CEL for C++ (`cel_expr_python`), which is loaded when the first rule is seen. Functions
that Kubernetes adds are in `functions`. Source: "Validation rules" in the documentation of CustomResourceDefinitions.
"""
