"""The `burgee` command."""

import importlib
import sys

import click

from burgee.loadtester.command import loadtester

_UNABLE = 2


@click.group()
@click.version_option(package_name="burgee")
def main() -> None:
    """Progressive delivery for Kubernetes."""


@main.command()
@click.option(
    "--scenario",
    type=click.Choice(
        [
            *("default", "promote", "rollback", "gate", "ab", "bluegreen"),
            *("mirror", "affinity", "commands", "all"),
        ]
    ),
    default="default",
    show_default=True,
    help="default: a good version is promoted, then a bad one is rolled back.",
)
@click.option(
    "--provider",
    type=click.Choice(["istio", "contour", "gatewayapi:v1", "kubernetes", "nginx", "traefik"]),
    default="istio",
    show_default=True,
    help="What moves the traffic; one that cannot play the scenario says so.",
)
@click.option("--keep", is_flag=True, help="Leave everything up until Ctrl-C.")
@click.option(
    "--prometheus",
    default="",
    metavar="PATH",
    help="A Prometheus binary to use, or `in-process`; the default is to look on the PATH.",
)
def demo(scenario: str, provider: str, *, keep: bool, prometheus: str) -> None:
    """Run whole releases on this machine, with real traffic."""
    try:
        playground = importlib.import_module("burgee.playground.demo.command")
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is missing: install burgee with its extra, burgee[demo]"
        ) from error
    try:
        code = playground.run_demo(
            scenario=scenario, provider=provider, keep=keep, prometheus=prometheus
        )
    except playground.Unplayable as error:
        click.echo(str(error), err=True)
        sys.exit(_UNABLE)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


main.add_command(loadtester)
