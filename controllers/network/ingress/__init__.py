"""Publishes ports on this node: several replicas behind one port, in the kernel, whoever comes and goes."""

from fizz.controllers.network.ingress.detect import detect
from fizz.controllers.network.ingress.kernel import LinuxKernel
from fizz.controllers.network.ingress.proxy import Listeners
from fizz.controllers.network.ingress.reconcile import Ingress, table_name

__all__ = ["Ingress", "LinuxKernel", "Listeners", "detect", "table_name"]
