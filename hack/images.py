"""The images that tests and examples run, on a machine that may have no container registry: run by `hack/images`.

An image that the engine has is left alone, except one that was made here by an older recipe. For what is missing the
engine asks its registry, for three seconds at most. If it answers, the official images are pulled. If not, each
is made from Debian packages: a recipe is a folder with

    recipe.toml   tags, Debian packages, what `docker import --change` gets
    files/        copied into the new root
    finish        a shell script that then runs in it

The root becomes a tar file in the cache, named by what it was made from, so that another engine needs only to read it.
"""

import hashlib
import os
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import docker
import docker.errors
import requests

RECIPES = Path(__file__).parent / "recipes"
CACHE = Path(os.environ["FIZZ_CACHE"])
GROUPS = {"test": ["busybox"], "wordpress": ["wordpress", "mariadb"]}
LABEL = "dev.fizz.recipe"  # on an image made here: the fingerprint of its recipe
REGISTRY_PATIENCE = 3  # seconds

_APT = threading.Lock()  # two images at once need the same packages


class BuildError(Exception):
    """An image could not be made; the message says which, and where to read why."""


@dataclass(frozen=True)
class Recipe:
    """How to make one image from Debian packages."""

    name: str
    tags: Sequence[str]
    packages: Sequence[str]
    changes: Sequence[str]
    variant: str = "essential"  # mmdebstrap's: what a root has besides the packages
    shell: str = "/bin/sh"

    @classmethod
    def read(cls, name: str) -> "Recipe":
        return cls(name=name, **tomllib.loads((RECIPES / name / "recipe.toml").read_text()))

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever any file of the recipe does."""
        digest = hashlib.sha256()
        for path in sorted(p for p in (RECIPES / self.name).rglob("*") if p.is_file()):
            digest.update(f"{path.relative_to(RECIPES)} {os.access(path, os.X_OK)}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


class Kitchen:
    """Makes images and gives them to the engine."""

    def __init__(self) -> None:
        self._engine = docker.from_env(timeout=600)

    def has(self, recipe: Recipe) -> bool:
        """Whether all tags are there, and not made by another version of the recipe."""
        try:
            images = [self._engine.images.get(tag) for tag in recipe.tags]
        except docker.errors.ImageNotFound:
            return False
        return all(image.labels.get(LABEL, recipe.fingerprint) == recipe.fingerprint for image in images)

    def registry_answers(self, tag: str) -> bool:
        """Whether the engine can reach the registry that has `tag`: it asks for the manifest, nothing is pulled."""
        try:
            docker.from_env(timeout=REGISTRY_PATIENCE).images.get_registry_data(tag)
        except (docker.errors.APIError, requests.RequestException):
            return False
        return True

    def make(self, recipe: Recipe, *, pull: bool) -> str:
        """Pull or build what the recipe is about and say which it was."""
        started = time.monotonic()
        how = "pulled"
        if not (pull and self._pull(recipe)):
            how = "made from Debian packages"
            self._load(recipe, _root(recipe))
        return f"{', '.join(recipe.tags)}: {how} in {time.monotonic() - started:.0f} s"

    def _pull(self, recipe: Recipe) -> bool:
        try:
            for tag in recipe.tags:
                self._engine.images.pull(tag)
        except (docker.errors.APIError, requests.RequestException):
            return False
        return True

    def _load(self, recipe: Recipe, root: Path) -> None:
        first, *others = recipe.tags
        changes = [*recipe.changes, f"LABEL {LABEL}={recipe.fingerprint}"]
        repository, _, tag = first.partition(":")
        self._engine.api.import_image_from_file(str(root), repository=repository, tag=tag, changes=changes)
        for other in others:
            self._engine.images.get(first).tag(*other.split(":"))


def _root(recipe: Recipe) -> Path:
    """The image's whole file system as a tar file: from the cache, or made by mmdebstrap."""
    target = CACHE / "images" / f"{recipe.name}-{recipe.fingerprint}.tar"
    if target.exists():
        return target
    _need("mmdebstrap")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.tar")
    folder = RECIPES / recipe.name
    hooks = [f'chroot "$1" {recipe.shell} -eu < {folder / "finish"}']
    if (folder / "files").is_dir():
        hooks.insert(0, f'cp -r --preserve=mode {folder / "files"}/. "$1"/')
    when = "extract" if recipe.variant == "extract" else "customize"  # the last hook that the variant comes to
    command = [
        "mmdebstrap",
        "--quiet",
        f"--variant={recipe.variant}",
        f"--include={','.join(recipe.packages)}",
        "--dpkgopt=force-unsafe-io",  # a build that a crash interrupts is thrown away anyhow
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "info", "locale", "man")),
        *(f"--{when}-hook={hook}" for hook in hooks),
        "--skip=output/dev",
        "bookworm",
        str(partial),
        *_sources(),
    ]
    log = CACHE / "logs" / f"image-{recipe.name}.log"
    with log.open("wb") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        partial.unlink(missing_ok=True)
        end = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-20:])
        raise BuildError(f"cannot make the image {recipe.name}; the end of {log}:\n{end}")
    for outdated in set(target.parent.glob(f"{recipe.name}-*.tar")) - {partial}:
        outdated.unlink()
    return partial.rename(target)


def _need(package: str) -> None:
    """Install a Debian package unless it is there."""
    with _APT:
        subprocess.run(["bash", "-c", f'. "$0" && need {package}', str(Path(__file__).with_name("lib.sh"))], check=True)


def _sources() -> list[str]:
    """Where this machine itself gets Debian 12 from, if it does: its mirror is near, and lets us in."""
    line = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    ask = ["apt-get", "indextargets", "--format", line, "Identifier: Packages", "Origin: Debian"]
    found = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.splitlines()
    return sorted({line for line in found if line.split()[2].startswith("bookworm")})


def main(groups: Sequence[str]) -> int:
    """Make what the groups need, as many images at once as are missing."""
    unknown = [group for group in groups if group not in GROUPS]
    if unknown or not groups:
        print(f"usage: hack/images {'|'.join(GROUPS)} ...", file=sys.stderr)
        return 2
    kitchen = Kitchen()
    recipes = [Recipe.read(name) for group in groups for name in GROUPS[group]]
    missing = [recipe for recipe in recipes if not kitchen.has(recipe)]
    if not missing:
        return 0
    pull = kitchen.registry_answers(missing[0].tags[0])
    with ThreadPoolExecutor() as pool:
        try:
            for line in pool.map(lambda recipe: kitchen.make(recipe, pull=pull), missing):
                print(line)
        except (BuildError, subprocess.CalledProcessError, docker.errors.APIError, requests.RequestException) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
