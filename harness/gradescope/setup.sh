#!/usr/bin/env bash
# Gradescope runs this once, as root, when the autograder's image is built.
#
# Everything goes into a Python environment of its own; the system's is left alone. Each package has the version that
# versions.txt names, so that this image grades as the one of the term's first day did. PyTorch is its build without
# CUDA, a tenth of the size: uv knows where that is. TORCH_INDEX, the address of another package index or a folder of
# wheels, takes its place.
set -euo pipefail
source=$(dirname "$(realpath "$0")")
environment=$(dirname "$source")/environment

if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  echo "Python 3.10 or later is needed: choose Ubuntu 22.04 or later as the autograder's base image." >&2
  exit 1
fi

python3 -m venv "$environment"
pip() { "$environment/bin/python" -m pip --quiet --disable-pip-version-check --no-cache-dir "$@"; }
pinned=(--constraint "$source/versions.txt")
if [ -z "${TORCH_INDEX:-}" ]; then
  pip install uv==0.13.9
  "$environment/bin/uv" pip install --quiet --no-cache --python "$environment/bin/python" --torch-backend cpu \
    "${pinned[@]}" --requirement "$source/torch.txt"
elif [ -d "$TORCH_INDEX" ]; then
  pip install --find-links "$TORCH_INDEX" "${pinned[@]}" --requirement "$source/torch.txt"
else
  pip install --index-url "$TORCH_INDEX" "${pinned[@]}" --requirement "$source/torch.txt"
fi
pip install "${pinned[@]}" --requirement "$source/requirements.txt"

# Workers run as other users: they read Python and course/, and nothing that would tell them what is expected.
chmod -R u=rwX,go=rX "$source" "$environment"
cd "$source"
xargs chmod 700 < closed.txt
xargs "$environment/bin/python" -m compileall -q < folders.txt || true
# Workers see the suites' folder, which is closed to them, and no bytecode of it elsewhere.
"$environment/bin/python" -m harness doctor
