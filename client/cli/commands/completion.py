"""`fizz completion`: scripts that teach a shell to complete Fizz's commands and options."""

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a completion script.

    \b
    bash   echo 'source <(fizz completion bash)' >> ~/.bashrc
    zsh    echo 'source <(fizz completion zsh)' >> ~/.zshrc
    fish   fizz completion fish > ~/.config/fish/completions/fizz.fish
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None, f"click knows {shell}"
    click.echo(kind(root.command, {}, "fizz", "_FIZZ_COMPLETE").source())
