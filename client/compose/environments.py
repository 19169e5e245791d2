"""Variables and labels that services get from files, merged with those that are written at the service.

`env_file` goes under `environment`: later files over earlier ones, and what is written over both. A name without value
takes it from the variables of the project. Inside of the files, variables are looked up among those of the project,
then those that the service writes itself, then the lines above.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fizz.client.compose.dotenv import DotenvError, parse_dotenv, parse_raw
from fizz.client.compose.filesystem import Filesystem
from fizz.client.compose.interpolate import Lookup
from fizz.client.compose.nodes import Mark, Node
from fizz.client.compose.normalise import Workload
from fizz.client.compose.paths import shown
from fizz.client.compose.problems import Path, Problems

__all__ = ["Environments"]


@dataclass(slots=True)
class Environments:
    """Reads each file once."""

    variables: Mapping[str, str]
    filesystem: Filesystem
    problems: Problems
    _texts: dict[str, str | None] = field(default_factory=dict)

    def workload(
        self, kind: str, name: str, node: Node, *, read_files: bool = True, read_labels: bool = True
    ) -> Workload:
        """A service or job with its environment and labels."""
        path: Path = (kind, name)
        labels = self._labels(path, node) if read_labels else {}
        return Workload(node, self._environment(path, node, read_files), labels)

    def _environment(self, root: Path, service: Node, read_files: bool) -> dict[str, str | None]:
        """The environment; None for a name that has no value anywhere."""
        own: dict[str, str | None] = {}
        written = service.get("environment")
        for key, child in written.mapping().items() if written else ():
            value = child.value if isinstance(child.value, str) else None
            own[key] = self.variables.get(key) if value is None else value
        files = service.get("env_file")
        if files is None or not read_files:
            return own
        found: dict[str, str] = {}

        def lookup(key: str) -> str | None:
            value = own.get(key)
            return self.variables.get(key) if value is None else value

        for index, item in enumerate(files.items()):
            path, required, form = (item.get(key) for key in ("path", "required", "format"))
            if path is None or not isinstance(path.value, str):
                continue
            here: Path = (*root, "env_file", index)
            text = self._read(path, here, optional=required is not None and required.value is False)
            if text is not None:
                raw = form is not None and form.value == "raw"
                found.update(self._parse(path.value, text, lookup, found, raw))
        return {**found, **own}

    def _labels(self, root: Path, service: Node) -> dict[str, str]:
        """The labels, if there are files for them; else none, because they need no merging."""
        files = service.get("label_file")
        if files is None:
            return {}
        found: dict[str, str] = {}
        for index, path in enumerate(files.items()):
            text = self._read(path, (*root, "label_file", index), optional=False)
            if text is not None:
                found.update(self._parse(str(path.value), text, lambda key: None, found, raw=False))
        written = service.get("labels")
        own = {key: str(child.value) for key, child in written.mapping().items()} if written else {}
        return {**found, **own}

    def _read(self, path: Node, here: Path, *, optional: bool) -> str | None:
        file = str(path.value)
        name = shown(file, self.filesystem.cwd)
        if file not in self._texts or self._texts[file] is None:
            self._texts[file] = None
            try:
                if not file:
                    raise FileNotFoundError
                self.problems.sources[name] = content = self.filesystem.read(file)
                self._texts[file] = content.decode()
            except FileNotFoundError:
                if not optional:
                    self.problems.error(path, f"names the file {name}, which does not exist", path=here)
            except OSError as error:
                self.problems.error(path, f"names the file {name}: {error.strerror or error}", path=here)
            except UnicodeDecodeError:
                self.problems.error(path, f"names the file {name}, which is not UTF-8 text", path=here)
        return self._texts[file]

    def _parse(self, file: str, text: str, lookup: Lookup, earlier: dict[str, str], raw: bool) -> dict[str, str]:
        name = shown(file, self.filesystem.cwd)

        def missing(variable: str) -> None:
            self.problems.warn(Mark(name, 1, 1), f"the variable {variable} is not set; it counts as empty")

        try:
            return parse_raw(text, lookup) if raw else parse_dotenv(text, lookup, missing, earlier)
        except DotenvError as error:
            self.problems.error(Mark(name, error.line, error.column), str(error))
            return {}
