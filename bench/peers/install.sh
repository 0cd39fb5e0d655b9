#!/usr/bin/env bash
# Installs the toolkits that `npm run bench -- engines` compares with into bench/peers/.venv; the gateway itself never uses
# them. Each is optional: the bench measures what it can import and says what is missing. On x86-64 Linux the registry's
# PyTorch brings CUDA libraries (several GB) without which it cannot be imported even for the processor alone.
set -uo pipefail
cd "$(dirname "$0")"

python3 -m venv .venv
python=.venv/bin/python
pip=("$python" -m pip --quiet --disable-pip-version-check)

"${pip[@]}" install -r requirements.txt || echo 'OpenVINO, NNCF or ONNX Runtime could not be installed.' >&2
"${pip[@]}" install -r requirements-torch.txt || echo 'PyTorch could not be installed.' >&2
# NNCF imports PyTorch where it finds it, so one that cannot be imported would take NNCF along.
"$python" -c 'import torch' 2> /dev/null || "${pip[@]}" uninstall --yes torch

for toolkit in onnxruntime openvino nncf torch; do
  "$python" -c "import $toolkit; print('$toolkit', $toolkit.__version__)" 2> /dev/null || echo "$toolkit is missing" >&2
done
