"""`fizz backup` and `fizz restore`: for the administrator of the machine, who can read the data folder."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from fizz.schemas.settings import Settings

__all__ = ["backup", "restore"]

_data_dir = click.option("--data-dir", metavar="DIR", help="Folder of the server's data. [env: FIZZ_DATA_DIR]")
_STDIO = "-"


@click.command()
@click.argument("file")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@_data_dir
def backup(file: str, force: bool, data_dir: str | None) -> None:
    """Save all objects, the signing keys and the certificate authority in FILE; `-` writes to the standard output.

    The server may run: the backup is of one moment. It holds Secrets and keys: keep it as you keep those. What is in
    volumes is not part of it.
    """
    from fizz.apiserver.backup.save import Exists, save, save_to
    from fizz.apiserver.store.types import StoreError

    settings = Settings.load(None, data_dir=data_dir)
    try:
        if file != _STDIO:
            contents = save(settings.data_dir, Path(file), replace=force)
        elif sys.stdout.isatty():
            raise click.UsageError("a backup is not written to a terminal; redirect it, or name a file")
        else:
            contents = save_to(settings.data_dir, sys.stdout.buffer)
            sys.stdout.flush()
    except (Exists, StoreError, OSError) as problem:
        raise click.ClickException(str(problem)) from problem
    where = "" if file == _STDIO else f" in {file} ({Path(file).stat().st_size:,} bytes)"
    revision = contents.manifest.revision
    click.echo(f"saved {contents.objects} objects and {contents.files} keys at revision {revision}{where}", err=True)
    click.echo("it holds Secrets and keys: keep it as you keep those", err=True)


@click.command()
@click.argument("file")
@click.option("--force", is_flag=True, help="Replace the data that is there; it is kept aside.")
@click.option("--check", is_flag=True, help="Only see whether the backup is whole, and say what it is.")
@_data_dir
def restore(file: str, force: bool, check: bool, data_dir: str | None) -> None:
    """Put the backup FILE in place of a server's data; `-` reads from the standard input.

    The server must not run. On the next start it makes the engine match what was restored.
    """
    from fizz.apiserver.backup.archive import BadBackup, verify
    from fizz.apiserver.backup.restore import NotEmpty
    from fizz.apiserver.backup.restore import restore as put_back
    from fizz.apiserver.store.types import StoreError

    settings = Settings.load(None, data_dir=data_dir)
    try:
        with _source(file) as source:
            if check:
                contents, aside = verify(source), None
            else:
                contents, aside = put_back(source, settings.data_dir, replace=force)
    except (BadBackup, NotEmpty, StoreError, OSError) as problem:
        raise click.ClickException(str(problem)) from problem
    manifest = contents.manifest
    what = (
        f"{contents.objects} objects and {contents.files} keys, of {manifest.created} at revision {manifest.revision}"
    )
    click.echo(f"{'whole: ' if check else 'restored '}{what}")
    if aside is not None:
        click.echo(f"what was there before is in {aside}")


@contextmanager
def _source(file: str) -> Iterator[IO[bytes]]:
    """The backup, from its beginning as often as it takes."""
    if file != _STDIO:
        with Path(file).open("rb") as source:
            yield source
        return
    with tempfile.TemporaryFile() as spool:  # only its owner can read it, and it has no name
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.seek(0)
        yield spool
