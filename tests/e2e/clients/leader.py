"""Leader election of `kubernetes`, over a ConfigMap: says when it leads."""

import sys

from kubernetes import config
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock


def lead() -> None:
    sys.stdout.write(f"{sys.argv[2]} leads\n")
    sys.stdout.flush()


config.load_kube_config(sys.argv[1])
lock = ConfigMapLock("leader", "default", sys.argv[2])
leaderelection.LeaderElection(electionconfig.Config(lock, 4, 2, 1, lead, lambda: None)).run()
