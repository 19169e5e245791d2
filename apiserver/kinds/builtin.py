"""Rules of built-in kinds that no schema can say: what a kind adds to its objects, and what it refuses.

A kind has a `Rules`: pure functions of whole objects whose types and metadata have been checked. They never change what
they are given; a `Verdict` is the object as it shall be, and what is wrong with it.

Networks, Volumes and Nodes have none on purpose: their specs may change at any time. A spec is what is wanted, and
whether the engine can get there by changing what it has, by making it anew, or not at all, is for the node's agent to
find out and to say in the status.
"""

from typing import Final

from fizz.apiserver.kinds import (
    access,
    events,
    jobs,
    keyed,
    leases,
    namespaces,
    policies,
    releases,
    webhooks,
    workloads,
)
from fizz.apiserver.kinds.custom import rules as definitions
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.verdict import NO_RULES, Rules

__all__ = ["rules"]

_TABLE: Final[dict[tuple[str, str], Rules]] = {
    ("", "Namespace"): namespaces.RULES,
    ("", "Secret"): keyed.SECRET,
    ("", "ConfigMap"): keyed.CONFIG_MAP,
    ("", "Event"): events.RULES,
    ("events.k8s.io", "Event"): events.NEW_RULES,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): webhooks.CONFIGURATION,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): webhooks.CONFIGURATION,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): policies.POLICY_RULES,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): policies.BINDING,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions.RULES,
    ("coordination.k8s.io", "Lease"): leases.RULES,
    (access.GROUP, "Role"): access.ROLE,
    (access.GROUP, "ClusterRole"): access.CLUSTER_ROLE,
    (access.GROUP, "RoleBinding"): access.BINDING,
    (access.GROUP, "ClusterRoleBinding"): access.CLUSTER_BINDING,
    ("fizz.dev", "Deployment"): workloads.DEPLOYMENT,
    ("fizz.dev", "Job"): jobs.JOB,
    ("fizz.dev", "CronJob"): jobs.CRON_JOB,
    ("fizz.dev", "Container"): workloads.CONTAINER,
    ("fizz.dev", "Service"): workloads.SERVICE,
    ("fizz.dev", "Release"): releases.RULES,
}


def rules(resource: Resource) -> Rules:
    """The rules of a kind; those of a custom kind let everything pass."""
    return _TABLE.get((resource.group, resource.kind), NO_RULES)
