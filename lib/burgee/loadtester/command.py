"""`burgee loadtester`: the load tester without an image, for a laptop."""

import os
import sys

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
def loadtester(port: int, host: str) -> None:
    """Serve gates and tasks for webhooks of Canaries.

    Whoever reaches it may run commands: see BURGEE_LOADTESTER_TOKEN. Everything else is set in
    the environment as well, by names that start with BURGEE_LOADTESTER_.
    """
    environment = {**os.environ, "BURGEE_LOADTESTER_BIND": f"{host}:{port}"}
    os.execve(  # becomes gunicorn: signals reach it as they would in the image
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:burgee.loadtester.gunicorn_conf",
            "burgee.loadtester.app:create_app()",
        ],
        environment,
    )
