# One image for the service and for MLflow's server; compose.yaml gives each its command.
# Tags name a patch release, so that a build next month starts from the same Python.
FROM python:3.11.15-slim-bookworm AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/optophone && python -m venv --without-pip /opt/optophone-build
# Wheels alone: neither stage has a compiler, or needs one.
COPY requirements.image.lock ./
RUN pip --python /opt/optophone/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r requirements.image.lock
COPY requirements.build.lock ./
RUN pip --python /opt/optophone-build/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r requirements.build.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY documents documents
COPY chat_models chat_models
COPY prompts prompts
COPY nodes nodes
COPY graph graph
COPY evaluation evaluation
COPY serving serving
RUN pip --python /opt/optophone-build/bin/python wheel --no-cache-dir --disable-pip-version-check \
    --no-build-isolation --no-deps --wheel-dir wheels . \
    && pip --python /opt/optophone/bin/python install --no-cache-dir --disable-pip-version-check --no-index --no-deps wheels/*.whl

FROM python:3.11.15-slim-bookworm
# A number, so that an orchestrator can see that it isn't root. New volumes take over owner and mode of these folders.
RUN install -d -o 10001 -g 10001 -m 0700 /data /artifacts
COPY --from=build /opt/optophone /opt/optophone
# /tmp is all that may be written beside the volumes.
ENV PATH=/opt/optophone/bin:$PATH \
    HOME=/tmp \
    LOGNAME=optophone \
    PYTHONUNBUFFERED=1 \
    GIT_PYTHON_REFRESH=quiet \
    OPTOPHONE_DATA_DIR=/data
WORKDIR /data
USER 10001:10001
EXPOSE 8000
# MLflow's import takes seconds, on a busy machine many.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["optophone", "serve", "--host", "0.0.0.0", "--port", "8000"]
