# Sourced by build.sh: a stand-in for the legacy base image, which is not on a package registry: the local Debian base
# with a Python 3.7 prefix that has requirements-tf115.txt installed (TF1_MODELS_TF115), reachable as python3. It has
# the real TensorFlow 1.15.5 but neither CUDA nor NVIDIA's patches: it proves the Dockerfile's legacy target, not the GPU.
legacy=$work/legacy
rm -rf "$legacy"; cp -a "$base_folder" "$legacy"
home=$("$TF1_MODELS_TF115/bin/python" -c 'import sys; print(sys.base_prefix)')
site=$("$TF1_MODELS_TF115/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
mkdir -p "$legacy$home"; cp -a "$home/." "$legacy$home/"
inner=$("$home/bin/python3" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
mkdir -p "$legacy$inner"; cp -a "$site/." "$legacy$inner/"
# every folder above the prefix must be open to any uid
folder=$home; while [ "$folder" != / ]; do chmod a+rx "$legacy$folder"; folder=$(dirname "$folder"); done
for name in python3 python; do ln -sf "$home/bin/python3" "$legacy/usr/local/bin/$name"; done
# the libraries that the interpreter was linked with, where the minimal base lacks them
find "$home" -name '*.so' -exec ldd {} + 2>/dev/null | awk '$3 ~ /^\// {print $3}' | sort -u | while read -r file; do
    case $file in "$home"/*) continue ;; esac
    [ -e "$legacy$file" ] || { mkdir -p "$legacy$(dirname "$file")"; cp -L "$file" "$legacy$file"; }
done
chroot "$legacy" ldconfig
say "legacy stand-in: $(chroot "$legacy" python3 --version), TensorFlow $(chroot "$legacy" python3 -c 'import tensorflow as tf; print(tf.__version__)' 2>/dev/null | tail -n 1)"
import_base localhost/base:tf115 "$legacy"
rm -rf "$legacy"
