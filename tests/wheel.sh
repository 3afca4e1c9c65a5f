#!/usr/bin/env bash
# Tries an installed wheel (folder of its programs as $1) outside a checkout: no torch, no compiler is needed.
set -euo pipefail
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > tiny.lgir <<'LGIR'
lgir 1
features uint8 2
"x"
"y"
bits 3
n0 = f0 > 10
n1 = f0 > 20
n2 = f1 > 7
gates 3
n3 = nota n1
n4 = and n0 n3
n5 = xor n4 n2
head 2 tau 1.0
"low" = -1 n5 ~n4 n0
"high" = 2 ~n2
end
LGIR
printf 'x,y,class\n15,0,high\n25,9,low\n0,255,high\n' > rows.csv
"$bin/python" - <<'PY'
import importlib.util
import lgnc
assert importlib.util.find_spec("torch") is None
assert "site-packages" in lgnc.__file__
PY
"$bin/lgnc" --version
"$bin/lgnc" opt tiny.lgir -o small.lgir --prove --json
"$bin/lgnc" compile tiny.lgir -t numpy -o out-numpy --json
"$bin/lgnc" simulate out-numpy --data rows.csv --split all --json
for target in c onnx verilog; do "$bin/lgnc" compile tiny.lgir -t "$target" -o "out-$target" --json; done
"$bin/lgnc" verify tiny.lgir out-numpy --json
"$bin/lgnc" info out-c --json
"$bin/lgnc" doctor --json
status=0
"$bin/lgnc" simulate out-onnx --data rows.csv --split all --json || status=$?
test "$status" = 3 || { echo "onnxruntime is missing here: exit code 3 expected, not $status"; exit 1; }
