"""What Deployments and Jobs have in common: the gate that `dependsOn` makes, and whose a Container is. All of it pure,
but for `namespace`, which reads informers."""
