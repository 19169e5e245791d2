"""The roles and bindings that are always there: made at the start in one commit, where something is lacking."""

from fizz.apiserver.auth import defaults
from fizz.apiserver.auth.users import SERVER
from fizz.apiserver.rest import writing
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View, write
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.query import WriteOptions

__all__ = ["ensure_roles"]

_OPTIONS = WriteOptions(manager="fizz-apiserver", user=SERVER)


async def ensure_roles(context: Context) -> None:
    """Make the default roles and bindings, and add to those that are there what they lack."""

    async def plan(view: View) -> list[Draft]:
        drafts: list[Draft] = []
        for manifest in defaults.MANIFESTS:
            resource = context.registry.by_kind(manifest["apiVersion"], manifest["kind"])
            assert resource is not None
            name = manifest["metadata"]["name"]
            live = await view.live(resource, None, name)
            if live is None:
                drafts.append(await writing.plan_create(context, view, resource, None, manifest, _OPTIONS))
            elif (wanted := defaults.completed(live, manifest)) is not live:
                target = Target(resource.group, resource.version, resource.plural, None, name)
                drafts.append(await writing.plan_update(context, view, resource, target, wanted, _OPTIONS))
        return drafts

    await write(context, plan, dry_run=False)
