"""The yardstick: a Flask application that sends back what it got, and does nothing else."""

from flask import Flask, Response, request


def create_app() -> Flask:
    """An application with one route, and one that says it is up."""
    app = Flask("echo", static_folder=None)

    @app.post("/sync")
    def echo() -> Response:
        return Response(request.get_data(cache=False), content_type="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    return app
