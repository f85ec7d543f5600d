# Everything in one image: grading, this software's own tests, and all experiments, on a GPU where there is one.
# It holds the hidden tests and the solution, so it is the staff's, and nothing to give to students. See docs/image.md.
#
# PyTorch brings CUDA in its own packages, hence the slim base. What changes seldom comes first: a change of code
# compiles and copies code, and no more. Packages are not copied from a stage into another: they come as wheels, nothing
# is built that would have to stay behind, and 5 GB would be there twice.
#
# The tag moves with security updates. A digest after it, as `make image-digest` writes it here, keeps the base the same.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS python
# The official image comes without the standard library's bytecode, which no later user could write. What is left out
# holds examples that aren't meant to be compiled.
RUN python -m compileall -q -j 0 -x '/(lib2to3|tests?)/' "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"


FROM python AS packages
# Empty: the default index, where PyTorch has CUDA. Else PyTorch alone comes from here: the address of an index, or a
# folder of wheels.
ARG TORCH_INDEX=
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /opt/packages
COPY grader/versions.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ -z "$TORCH_INDEX" ]; then set --; \
    elif [ -d "$TORCH_INDEX" ]; then set -- --no-deps --no-index --find-links "$TORCH_INDEX"; \
    else set -- --no-deps --index-url "$TORCH_INDEX"; fi \
    && python -m venv /opt/venv \
    && pip install --disable-pip-version-check --constraint versions.txt "$@" torch torchvision
COPY pyproject.toml ./
# Without the code this makes a package of nothing: what counts is what it needs.
RUN --mount=type=cache,target=/root/.cache/pip \
    touch README.md LICENSE \
    && pip install --disable-pip-version-check --constraint versions.txt '.[dev,container]' \
    && pip check


FROM python AS code
WORKDIR /opt/pset2
COPY . .
# For whatever user the container runs as, and whatever the umask was where the files come from.
RUN chmod -R u=rwX,go=rX . \
    && python -m compileall -q -x 'grader/cases/(wrong|right|broken|attacks)/' .


FROM packages
# 1000 is the first user of most machines, and below the ids that workers get. Folders for results and for data can be
# written by whoever the container runs as.
RUN groupadd --gid 1000 staff2420 \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /tmp staff2420 \
    && install --directory --mode 1777 /data /out
ENV HOME=/tmp \
    DATA_DIR=/data \
    TORCH_HOME=/data/torch \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000:1000
WORKDIR /out
# Ctrl-C and docker stop reach all processes, and those that lost their parent are reaped.
ENTRYPOINT ["dumb-init", "--", "python", "-I", "/opt/pset2/harness/container/entrypoint.py"]
COPY --from=code /opt/pset2 /opt/pset2
# Last, since a commit changes them: `make image` fills them from git and pyproject.toml.
ARG REVISION=unknown
ARG VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="CS 2420 PSet 2, for the course staff" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
