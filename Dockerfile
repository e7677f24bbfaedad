# The hook server, without the embedded cluster and its command.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /tools \
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

FROM python:${PYTHON_VERSION}-slim
COPY --from=build /opt/burgee /opt/burgee
ENV PATH=/opt/burgee/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /
EXPOSE 8080
CMD ["gunicorn", "-c", "python:hooks.gunicorn_conf", "hooks.app:create_app()"]
