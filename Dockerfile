# syntax=docker/dockerfile:1
# The kit's images. Targets: gpu (default), cpu (small), dev (cpu or gpu with test tools), legacy (TensorFlow 1.15.5).
#
#   docker build -t tf1-models --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run --rm --gpus all tf1-models doctor --require-gpu
#   docker build -t tf1-models:cpu --target cpu . && docker run --rm tf1-models:cpu doctor
#
# Behind a package mirror, hand pip its settings as a secret; it is mounted for the pip steps and never stored:
#   docker build --secret id=pip_conf,src=$HOME/.config/pip/pip.conf .

# Any glibc image with Python 3.10 to 3.13 and its venv module; the pins are tested on 3.11.
ARG BASE_IMAGE=python:3.11-slim-bookworm
# The last monthly TF1 image of NVIDIA: TensorFlow 1.15.5, Python 3.8, CUDA 12.1; it serves GPUs up to Hopper.
ARG LEGACY_BASE_IMAGE=nvcr.io/nvidia/tensorflow:23.03-tf1-py3
# What the dev target builds on: cpu or gpu.
ARG DEV_FROM=cpu

# ---------------------------------------------------------------------------------------------------------- base
FROM ${BASE_IMAGE} AS base

# A wrong base ends here, in words, before anything is downloaded.
RUN set -eu; \
    command -v python3 >/dev/null \
      || { echo "BASE_IMAGE has no python3; use python:3.11-slim-bookworm or another image with Python 3.10 to 3.13" >&2; exit 1; }; \
    python3 -c 'import sys; (3, 10) <= sys.version_info[:2] <= (3, 13) or sys.exit("BASE_IMAGE has Python %d.%d; TensorFlow 2.21 needs 3.10 to 3.13: use python:3.11-slim-bookworm" % sys.version_info[:2])'; \
    python3 -c 'import ensurepip, venv' 2>/dev/null \
      || { echo "BASE_IMAGE has python3 without venv (Debian: apt-get install python3-venv); use python:3.11-slim-bookworm" >&2; exit 1; }

# /kit is the working folder: data, checkpoints and runs below it are mounted. Every folder that a run writes is open
# to any uid, so that `--user $(id -u):$(id -g)` leaves files that the caller owns.
RUN set -eu; \
    useradd --uid 1000 --user-group --home-dir /home/kit --no-create-home --shell /bin/sh kit; \
    mkdir -p /kit/data /kit/checkpoints /kit/runs /home/kit /opt/tf1_models; \
    chmod 1777 /kit /kit/data /kit/checkpoints /kit/runs /home/kit; \
    python3 -m venv /opt/venv; \
    printf '#!/bin/sh\nexec python -m tf1_models "$@"\n' > /usr/local/bin/tf1-models; \
    chmod 755 /usr/local/bin/tf1-models

# PYTHONSAFEPATH: the image's sources run, not those of a checkout that is mounted at the working folder.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/tf1_models \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/home/kit \
    TF1_MODELS_DATA=/kit/data \
    TF1_MODELS_CHECKPOINTS=/kit/checkpoints
WORKDIR /kit
VOLUME ["/kit/data", "/kit/checkpoints", "/kit/runs"]
ENTRYPOINT ["python", "-m", "tf1_models"]
CMD ["--help"]

LABEL org.opencontainers.image.title="tf1_models" \
      org.opencontainers.image.description="TensorFlow 1 graph-mode reproduction kit: five CIFAR-10 reports, rebuilt and rerun" \
      org.opencontainers.image.licenses="Apache-2.0"

# ----------------------------------------------------------------------------------------------------------- cpu
FROM base AS cpu
# tensorflow-cpu is the same release without GPU kernels. The headers serve only those who compile ops: 0.3 GB.
COPY requirements.txt /opt/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    set -eu; \
    sed 's/^tensorflow==/tensorflow-cpu==/' /opt/requirements.txt > /opt/requirements-cpu.txt; \
    HOME=/root pip install --disable-pip-version-check -r /opt/requirements-cpu.txt; \
    rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include
COPY LICENSE /opt/tf1_models/LICENSE
COPY tf1_models /opt/tf1_models/tf1_models
RUN python -m compileall -q /opt/tf1_models/tf1_models
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=$REVISION
USER 1000:1000

# ----------------------------------------------------------------------------------------------------------- gpu
FROM base AS gpu
COPY requirements.txt /opt/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    set -eu; \
    sed 's/^tensorflow==/tensorflow[and-cuda]==/' /opt/requirements.txt > /opt/requirements-gpu.txt; \
    HOME=/root pip install --disable-pip-version-check -r /opt/requirements-gpu.txt; \
    rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include
# With the wheels alone TensorFlow 2.21 takes no GPU: libcusolver.so.11 is not on the search path of the library that
# opens it. So every wheel's folder is given to the dynamic linker; then each CUDA library is opened. This needs no GPU,
# and a missing one fails the build by its name.
COPY tf1_models/doctor/cuda_libraries.py /opt/check/cuda_libraries.py
RUN set -eu; \
    python /opt/check/cuda_libraries.py --folders > /etc/ld.so.conf.d/nvidia-wheels.conf; \
    ldconfig; \
    python /opt/check/cuda_libraries.py --require
# TensorFlow finds a GPU through NVML, which the container toolkit brings in only with "utility".
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY LICENSE /opt/tf1_models/LICENSE
COPY tf1_models /opt/tf1_models/tf1_models
RUN python -m compileall -q /opt/tf1_models/tf1_models
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=$REVISION
USER 1000:1000

# ----------------------------------------------------------------------------------------------------------- dev
# hadolint ignore=DL3006
FROM ${DEV_FROM} AS dev
USER 0:0
# hadolint ignore=DL3008
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends git openssh-client; \
    rm -rf /var/lib/apt/lists/*
COPY requirements-dev.txt /opt/requirements-dev.txt
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    set -eu; \
    HOME=/root pip install --disable-pip-version-check -r /opt/requirements-dev.txt
# The checkout that is opened is what runs and is tested, not the image's sources.
ENV PYTHONPATH= \
    PYTHONSAFEPATH=
USER 1000:1000
ENTRYPOINT []
CMD ["/bin/bash"]

# -------------------------------------------------------------------------------------------------------- legacy
# Built and run on a stand-in base without a GPU only; see "The legacy image" in the README.
FROM ${LEGACY_BASE_IMAGE} AS legacy
RUN set -eu; \
    python3 -c 'import sys; sys.version_info[:2] in ((3, 7), (3, 8)) or sys.exit("LEGACY_BASE_IMAGE has Python %d.%d; TensorFlow 1.15.5 needs 3.7 or 3.8" % sys.version_info[:2])'; \
    python3 -c 'import importlib.util as u, sys; u.find_spec("tensorflow") or sys.exit("LEGACY_BASE_IMAGE has no TensorFlow; use nvcr.io/nvidia/tensorflow:23.03-tf1-py3")'
RUN set -eu; \
    id -u kit >/dev/null 2>&1 || useradd --non-unique --uid 1000 --home-dir /home/kit --no-create-home --shell /bin/sh kit; \
    mkdir -p /kit/data /kit/checkpoints /kit/runs /home/kit /opt/tf1_models; \
    chmod 1777 /kit /kit/data /kit/checkpoints /kit/runs /home/kit; \
    printf '#!/bin/sh\nexec python3 -m tf1_models "$@"\n' > /usr/local/bin/tf1-models; \
    chmod 755 /usr/local/bin/tf1-models
# Only what the base lacks: its TensorFlow, numpy, protobuf and h5py belong together and stay.
COPY requirements-tf115.txt /opt/requirements-tf115.txt
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    set -eu; \
    grep -E '^(scikit-learn|progressbar2|jinja2|matplotlib|Pillow)==' /opt/requirements-tf115.txt > /opt/requirements-legacy.txt; \
    python3 -m pip list --format=freeze > /opt/freeze.txt; \
    grep -iE '^(numpy|protobuf|h5py)==' /opt/freeze.txt > /opt/constraints-legacy.txt || true; \
    PIP_CONSTRAINT='' HOME=/root python3 -m pip install --disable-pip-version-check -c /opt/constraints-legacy.txt -r /opt/requirements-legacy.txt
ENV PYTHONPATH=/opt/tf1_models \
    PYTHONUNBUFFERED=1 \
    HOME=/home/kit \
    TF1_MODELS_DATA=/kit/data \
    TF1_MODELS_CHECKPOINTS=/kit/checkpoints \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /kit
VOLUME ["/kit/data", "/kit/checkpoints", "/kit/runs"]
COPY LICENSE /opt/tf1_models/LICENSE
COPY tf1_models /opt/tf1_models/tf1_models
RUN python3 -m compileall -q /opt/tf1_models/tf1_models
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tf1_models (TensorFlow 1.15.5)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision=$REVISION
USER 1000:1000
ENTRYPOINT ["python3", "-m", "tf1_models"]
CMD ["--help"]

# --------------------------------------------------------------------------------------------------- the default
FROM gpu AS default
