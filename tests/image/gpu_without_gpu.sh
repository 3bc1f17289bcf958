# Sourced by build.sh: what can be proved of the gpu image on a machine without a GPU.
#
# 1. With a stand-in driver that claims one GPU, TensorFlow opens every CUDA library it asks for and registers the GPU;
#    stock images end here with "Cannot dlopen some GPU libraries".
# 2. The same without the linker's registration of the wheels' folders, for comparison.
# 3. A library deleted in a derived build: the build's check fails with its name.
# 4. The doctor on a GPU that cannot compute: red lines with commands, no crash.
say "the gpu image without a GPU"
if command -v cc >/dev/null; then
    mkdir -p "$work/driver"
    for name in libcuda.so.1 libnvidia-ml.so.1; do
        cc -w -shared -fPIC -Wl,-soname,$name -o "$work/driver/$name" tests/image/stand_in_driver.c
    done
    mounts=(--volume "$work/driver:/opt/driver:ro" --env LD_LIBRARY_PATH=/opt/driver --env TF_CPP_MAX_VLOG_LEVEL=1)
    container=$(start localhost/tf1-models:gpu)
    listing='import tensorflow as tf; print([d.name for d in tf.config.list_physical_devices("GPU")])'
    b run "${mounts[@]}" "$container" -- python -c "$listing" >"$work/step.log" 2>&1 || true
    grep -q "physical_device:GPU:0" "$work/step.log" && ! grep -q "Cannot dlopen" "$work/step.log" \
        && good "with a stand-in driver TensorFlow opens all CUDA libraries and registers the GPU ($(grep -o 'Successfully opened dynamic library .*' "$work/step.log" | sort -u | grep -vc 'libcuda.so\|nvidia-ml') CUDA libraries opened)" \
        || { bad "TensorFlow does not register the stand-in GPU"; grep -E 'dlopen|dlerror|rror' "$work/step.log" | tail -n 8; }
    b run --user 0:0 "$container" -- /bin/sh -c 'rm /etc/ld.so.conf.d/nvidia-wheels.conf; ldconfig'
    b run "${mounts[@]}" "$container" -- python -c "$listing" >"$work/step.log" 2>&1 || true
    missed=$(grep -o "Could not load dynamic library '[^']*'" "$work/step.log" | cut -d"'" -f2 | sort -u | tr '\n' ' ') || true
    say "  note  without the registration (the wheels alone): TensorFlow misses ${missed:-nothing} - $(grep -q "physical_device:GPU:0" "$work/step.log" && echo "TensorFlow still registers the GPU" || echo "TensorFlow does not register the GPU")"
    got=0; b run "$container" -- python /opt/check/cuda_libraries.py --require >"$work/step.log" 2>&1 || got=$?
    say "  note  without the registration the dynamic linker misses $(grep -c '^MISSING' "$work/step.log") of the libraries (check ends with $got)"
    b rm "$container" >/dev/null
    container=$(start localhost/tf1-models:gpu); entry=$(entry_point localhost/tf1-models:gpu)
    got=0; inside "" doctor --require-gpu --timeout 120 >"$work/step.log" 2>&1 || got=$?
    [ $got = 4 ] && grep -q "mend:" "$work/step.log" && good "doctor on a GPU that cannot compute: exit 4: $(grep -m1 -E '^(device|tensorflow) +failed' "$work/step.log" | cut -c1-160)" \
        || { bad "doctor on a GPU that cannot compute: exit $got"; cat "$work/step.log"; }
    b rm "$container" >/dev/null
else
    say "  NOT RUN: no C compiler for the stand-in driver"
fi
mkdir -p "$work/derived"
printf '%s\n' 'FROM localhost/tf1-models:gpu' 'USER 0:0' \
    'RUN rm /opt/venv/lib/python3*/site-packages/nvidia/cusolver/lib/libcusolver.so.11 && ldconfig' \
    'RUN python /opt/check/cuda_libraries.py --require' >"$work/derived/Dockerfile"
must_fail "a missing library" "libcusolver.so.11 (nvidia-cusolver-cu12) does not open" -f "$work/derived/Dockerfile" "$work/derived"
mounts=(); container=$(start localhost/tf1-models:gpu); entry=$(entry_point localhost/tf1-models:gpu)
refused "train --require-gpu without a GPU" 4 "no GPU: TensorFlow" "" train nine_conv --data digits --max-steps 1 --require-gpu -q
b rm "$container" >/dev/null
