"""Leader election of `kubernetes`, over a ConfigMap or a Lease, and of `kubernetes_asyncio`: says when it leads."""

import asyncio
import sys

_, KUBECONFIG, IDENTITY, KIND = sys.argv


def lead() -> None:
    sys.stdout.write(f"{IDENTITY} leads\n")
    sys.stdout.flush()


def elect() -> None:
    from kubernetes import config
    from kubernetes.leaderelection import electionconfig, leaderelection
    from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
    from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

    config.load_kube_config(KUBECONFIG)
    lock = {"configmap": ConfigMapLock, "lease": LeaseLock}[KIND](f"leader-{KIND}", "default", IDENTITY)
    leaderelection.LeaderElection(electionconfig.Config(lock, 4, 2, 1, lead, lambda: None)).run()


async def elect_async() -> None:
    from kubernetes_asyncio import client, config
    from kubernetes_asyncio.leaderelection import electionconfig, leaderelection
    from kubernetes_asyncio.leaderelection.resourcelock.leaselock import LeaseLock

    async def leading() -> None:
        lead()
        await asyncio.Event().wait()

    async def ended() -> None:
        return

    await config.load_kube_config(KUBECONFIG)
    async with client.ApiClient() as api:
        lock = LeaseLock(f"leader-{KIND}", "default", IDENTITY, api)
        await leaderelection.LeaderElection(electionconfig.Config(lock, 4, 2, 1, leading, ended)).run()


if KIND == "asyncio":
    asyncio.run(elect_async())
else:
    elect()
