# syntax=docker/dockerfile:1
# Two images: `api` serves REST and dashboard, `worker` computes, builds and simulates.

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
# Another index for torch alone, e.g. one with CPU builds; empty for the default.
ARG TORCH_INDEX=
COPY constraints.txt ./
RUN python -m venv /opt/tinynas \
    && /opt/tinynas/bin/pip install --no-cache-dir --constraint constraints.txt \
        ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch
COPY . .
RUN /opt/tinynas/bin/pip install --no-cache-dir --constraint constraints.txt '.[postgres]'

FROM python:3.11-slim-bookworm AS renode
# The reference simulator, pinned by version and checksum.
ARG RENODE_VERSION=1.16.1
ARG RENODE_SHA256=00e113cdbd0f5354cf2f64bbe3f5a070d8958409542fca66e45ac97d982938c0
ADD --checksum=sha256:${RENODE_SHA256} \
    https://github.com/renode/renode/releases/download/v${RENODE_VERSION}/renode-${RENODE_VERSION}.linux-portable-dotnet.tar.gz \
    /tmp/renode.tar.gz
RUN mkdir /opt/renode && tar --extract --file /tmp/renode.tar.gz --directory /opt/renode --strip-components 1

FROM python:3.11-slim-bookworm AS base
COPY --from=build /opt/tinynas /opt/tinynas
ENV PATH=/opt/tinynas/bin:$PATH \
    PYTHONPATH=/opt/tinynas/lib/python3.11/site-packages/tinynas/_bundled \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    OMP_WAIT_POLICY=PASSIVE
RUN useradd --uid 10001 --no-create-home --home-dir /data tinynas \
    && install --directory --owner tinynas /data
USER tinynas
WORKDIR /data
VOLUME /data

FROM base AS api
EXPOSE 8000
CMD ["python", "-m", "api", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS worker
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        gcc gcc-arm-none-eabi libc6-dev libicu72 libnewlib-arm-none-eabi make qemu-system-arm \
    && rm --recursive --force /var/lib/apt/lists/*
COPY --from=renode /opt/renode /opt/renode
ENV TINYNAS_RENODE=/opt/renode/renode
USER tinynas
CMD ["python", "-m", "worker"]
