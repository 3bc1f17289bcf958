#!/usr/bin/env bash
# Builds the Dockerfile's targets without a Docker engine and runs the kit inside them: buildah with chroot isolation,
# on a local base of the same distribution and Python as the default one (Debian bookworm, Python 3.11) that debootstrap
# makes. Needs root, buildah and debootstrap (apt-get install buildah debootstrap) and the package registries; no GPU.
#
#   tests/image/build.sh [cpu] [gpu] [dev] [legacy] [negative]       default: cpu negative gpu
#
# Time and room on two cores: cpu 6 minutes and 5 GB, gpu 9 minutes and 20 GB; everything is removed at the end.
#   TF1_MODELS_PIP_CONF   pip's settings for the build (a mirror), mounted as the secret that the Dockerfile takes
#   TF1_MODELS_CA_FILE    certificates that the local base should trust instead of its own
#   TF1_MODELS_TF115      a Python 3.7 prefix with requirements-tf115.txt installed: the stand-in base of `legacy`
#   STORAGE_DRIVER        overlay or vfs (default: overlay where it mounts)
#   TF1_MODELS_IMAGE_WORK a folder to work in and keep (default: a temporary one, removed)
set -euo pipefail
cd "$(dirname "$0")/../.."
repository=$PWD
targets=${*:-cpu negative gpu}
for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || { echo "build.sh: no $tool; install it: apt-get install buildah debootstrap" >&2; exit 4; }
done
[ "$(id -u)" = 0 ] || { echo "build.sh: run it as root (debootstrap and chroot isolation need it)" >&2; exit 4; }

if [ -n "${TF1_MODELS_IMAGE_WORK:-}" ]; then work=$TF1_MODELS_IMAGE_WORK; mkdir -p "$work"; keep=1; else work=$(mktemp -d -p /var/tmp); keep=; fi
export TMPDIR="$work/tmp" BUILDAH_ISOLATION=chroot
mkdir -p "$TMPDIR"
if [ -z "${STORAGE_DRIVER:-}" ]; then
    mkdir -p "$work/o"/{lower,upper,scratch,merged}
    STORAGE_DRIVER=vfs
    if mount -t overlay overlay -o "lowerdir=$work/o/lower,upperdir=$work/o/upper,workdir=$work/o/scratch" "$work/o/merged" 2>/dev/null; then
        umount "$work/o/merged"; STORAGE_DRIVER=overlay
    fi
fi
export STORAGE_DRIVER
layers=true; [ "$STORAGE_DRIVER" = vfs ] && layers=false  # vfs copies a whole image per layer
b() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
cleanup() {
    b rm --all >/dev/null 2>&1 || true
    if [ -z "$keep" ]; then b rmi --all --force >/dev/null 2>&1 || true; umount "$work/storage/overlay" 2>/dev/null || true; rm -rf "$work"; fi
}
trap cleanup EXIT

failures=0
say() { printf '%s\n' "$*"; }
good() { say "  ok    $*"; }
bad() { say "  FAIL  $*"; failures=$((failures + 1)); }
seconds() { date +%s; }

# ---- the local base: the default base's distribution and Python
base_folder=$work/base
if [ ! -e "$base_folder/.done" ]; then
    began=$(seconds)
    rm -rf "$base_folder"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$base_folder" >"$work/debootstrap.log" 2>&1 \
        || { tail -n 5 "$work/debootstrap.log" >&2; exit 4; }
    rm -rf "$base_folder/var/cache/apt/archives"/*.deb "$base_folder/var/lib/apt/lists"/*
    [ -n "${TF1_MODELS_CA_FILE:-}" ] && cp "$TF1_MODELS_CA_FILE" "$base_folder/etc/ssl/certs/ca-certificates.crt"
    touch "$base_folder/.done"
    say "base: Debian bookworm, $(chroot "$base_folder" python3 --version), $(du -sm "$base_folder" | cut -f1) MB, $(( $(seconds) - began )) s"
fi
import_base() {  # NAME FOLDER: a folder as an image
    local container
    container=$(b from scratch)
    b add -q "$container" "$2" / >/dev/null
    b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    b commit -q "$container" "$1" >/dev/null
    b rm "$container" >/dev/null
}
b inspect --type image localhost/base:py311 >/dev/null 2>&1 || import_base localhost/base:py311 "$base_folder"

secret=()
[ -n "${TF1_MODELS_PIP_CONF:-}" ] && secret=(--secret "id=pip_conf,src=$TF1_MODELS_PIP_CONF")
build() {  # TARGET IMAGE [more arguments]: seconds and size
    local target=$1 image=$2 began
    shift 2
    began=$(seconds)
    if ! b build --layers=$layers --pull-never --target "$target" --build-arg BASE_IMAGE=localhost/base:py311 \
            ${secret[@]+"${secret[@]}"} -t "$image" "$@" -f Dockerfile . >"$work/build-$target.log" 2>&1; then
        bad "$target does not build; its last lines:"; tail -n 12 "$work/build-$target.log"; return 1
    fi
    say "built $target: $(( $(seconds) - began )) s, $(size_mb "$image") MB"
}
size_mb() {  # what the image's files take on disk
    local container folder
    container=$(b from --pull-never "$1"); folder=$(b mount "$container")
    du -s --block-size=MB --one-file-system "$folder" | cut -f1 | tr -d MB
    b umount "$container" >/dev/null; b rm "$container" >/dev/null
}

start() {  # IMAGE: a container to run in; prints its name
    local container
    container=$(b from --pull-never "$1")
    # buildah lays the image's anonymous volumes over what is mounted there (Docker does not): declare them away
    b config --volume /kit/data- --volume /kit/checkpoints- --volume /kit/runs- "$container" >/dev/null
    echo "$container"
}

# ---- running inside: a fresh container per user, the image's own entry point, the repository's folders mounted
entry_point() { b inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' "$1"; }
inside() {  # USER ("" = the image's own) COMMAND…: needs $container, $mounts and $entry
    local user=$1; shift
    local as=(); [ -n "$user" ] && as=(--user "$user")
    # shellcheck disable=SC2086
    b run ${as[@]+"${as[@]}"} "${mounts[@]}" "$container" -- $entry "$@"
}
timed() {  # LABEL USER COMMAND…: must succeed
    local label=$1 user=$2 began log=$work/step.log; shift 2
    began=$(date +%s.%N)
    if inside "$user" "$@" >"$log" 2>&1; then
        good "$label $(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN{printf "%.1f s", b-a}')"
    else
        bad "$label"; tail -n 15 "$log"
    fi
}
refused() {  # LABEL CODE WORDS USER COMMAND…: must end with CODE and one line on stderr that holds WORDS
    local label=$1 code=$2 words=$3 user=$4 got=0; shift 4
    inside "$user" "$@" >"$work/step.log" 2>"$work/step.err" || got=$?
    grep -v '^subprocess exited with\|^Error: exit status\|^time=' "$work/step.err" >"$work/words" || true  # buildah's own
    if [ "$got" = "$code" ] && [ "$(wc -l <"$work/words")" = 1 ] && grep -qF -- "$words" "$work/words"; then
        good "$label: exit $got: $(cat "$work/words")"
    else
        bad "$label: exit $got (wanted $code)"; cat "$work/step.err"
    fi
}
key() {  # the digits' test labels, written by the image's own interpreter, as a grader's key
    b run --user "$1" "${mounts[@]}" "$container" -- "$python" -c \
        'from tf1_models.datasets.load import load; print("\n".join(map(str, load("digits").y_test)))' >"$2"
}
run_all() {  # IMAGE: doctor, quick start, verify, grade as root, default user, arbitrary uid
    local image=$1 who user data runs folder got
    entry=$(entry_point "$image"); python=${entry%% *}
    say "in $image, entry point: $entry"
    for who in root:0:0 default: uid:23456:34567; do
        user=${who#*:}
        data=$work/mounted-${who%%:*}; runs=$data/runs
        rm -rf "$data"; mkdir -p "$runs" "$data/data" "$data/checkpoints"
        cp checkpoints/fixed_batch.npy "$data/checkpoints/"
        [ -n "$user" ] && chown -R "$user" "$data" || chown -R 1000:1000 "$data"
        mounts=(--volume "$runs:/kit/runs" --volume "$data/data:/kit/data" --volume "$data/checkpoints:/kit/checkpoints")
        container=$(start "$image")
        timed "${who%%:*}: --help" "$user" --help
        timed "${who%%:*}: doctor" "$user" doctor
        timed "${who%%:*}: doctor again" "$user" doctor --json
        cp "$work/step.log" "$work/doctor-${image##*:}-${who%%:*}.json"
        timed "${who%%:*}: train nine_conv --data digits --epochs 1" "$user" train nine_conv --data digits --epochs 1
        folder=$(cd "$runs" && find nine_conv/final -maxdepth 1 -name 'digits-*' 2>/dev/null | head -n 1) || true
        timed "${who%%:*}: evaluate" "$user" evaluate "runs/$folder" --data digits
        refused "${who%%:*}: verify before there is a stored checkpoint" 3 "no stored checkpoints here" "$user" verify
        timed "${who%%:*}: checkpoint store" "$user" checkpoint store "runs/$folder" --data digits
        timed "${who%%:*}: verify" "$user" verify --data digits
        key "${user:-1000:1000}" "$work/key.txt" && cp "$work/key.txt" "$runs/key.txt"
        timed "${who%%:*}: grade" "$user" grade --truth runs/key.txt "runs/$folder/result.npy"
        [ "$(stat -c %u:%g "$runs/$folder/result.json" 2>/dev/null)" = "${user:-1000:1000}" ] \
            && good "${who%%:*}: the run's files belong to ${user:-1000:1000}" || bad "${who%%:*}: files of another owner"
        got=0; inside "$user" doctor --require-gpu >"$work/step.log" 2>&1 || got=$?
        [ $got = 4 ] && good "${who%%:*}: doctor --require-gpu without a GPU: exit 4" || bad "doctor --require-gpu: exit $got"
        b rm "$container" >/dev/null
    done
    if ls checkpoints/*/manifest.json >/dev/null 2>&1; then
        mounts=(--volume "$repository/checkpoints:/kit/checkpoints:ro")
        container=$(start "$image")
        timed "the repository's stored checkpoints, read-only: verify --no-scores" "" verify --no-scores
        b rm "$container" >/dev/null
    fi
    mounts=(--volume "$work/mounted-default/runs:/kit/runs:ro" --volume "$work/mounted-default/data:/kit/data")
    container=$(start "$image")
    refused "runs mounted read-only" 3 "run folder cannot be written" "" train nine_conv --data digits --epochs 1 --seed 7
    mounts=(--volume "$work/mounted-default/runs:/kit/runs" --volume "$work/mounted-default/data:/kit/data:ro")
    refused "data mounted read-only" 3 "cannot be written" "" data prepare --data digits
    b rm "$container" >/dev/null
    local left
    left=$(mktemp); container=$(b from --pull-never "$image"); folder=$(b mount "$container")
    { [ -s "$folder/etc/pip.conf" ] && echo "pip.conf"; ls -d "$folder/root/.cache/pip" "$folder/opt/tf1_models/"{data,checkpoints,runs} 2>/dev/null; } >"$left" || true
    [ -s "$left" ] && bad "left in the image: $(cat "$left")" || good "no pip settings, no pip cache, no data in the image"
    b umount "$container" >/dev/null; b rm "$container" >/dev/null
}

must_fail() {  # LABEL WORDS build-arguments…: the build must fail and say WORDS
    local label=$1 words=$2; shift 2
    if b build --layers=false --pull-never "$@" >"$work/negative.log" 2>&1; then
        bad "$label built"
    elif grep -q -- "^$words" "$work/negative.log"; then  # a line of its own, not the step's text
        good "$label: the build fails: $(grep -- "^$words" "$work/negative.log" | tail -n 1)"
    else
        bad "$label fails without the words '$words'"; tail -n 5 "$work/negative.log"
    fi
}

for target in $targets; do
    case $target in
    negative)
        say "wrong bases"
        for kind in none old; do
            rm -rf "$work/wrong"; cp -a "$base_folder" "$work/wrong"; rm -f "$work/wrong/usr/bin/python3"*
            if [ $kind = old ]; then  # a Python that calls itself 3.9
                cp -a "$base_folder/usr/bin/python3.11" "$work/wrong/usr/bin/python3.11"
                # shellcheck disable=SC2016
                printf '%s\n' '#!/usr/bin/python3.11' 'import sys' 'code = sys.argv[sys.argv.index("-c") + 1]' 'sys.version_info = (3, 9, 2, "final", 0)' 'exec(code)' >"$work/wrong/usr/bin/python3"
                chmod 755 "$work/wrong/usr/bin/python3"
            fi
            import_base "localhost/base:$kind" "$work/wrong"; rm -rf "$work/wrong"
        done
        must_fail "a base without Python" "BASE_IMAGE has no python3" --target base --build-arg BASE_IMAGE=localhost/base:none -f Dockerfile .
        must_fail "a base with Python 3.9" "BASE_IMAGE has Python 3.9" --target base --build-arg BASE_IMAGE=localhost/base:old -f Dockerfile .
        ;;
    cpu|gpu)
        build "$target" "localhost/tf1-models:$target" || continue
        [ "$target" = gpu ] || [ "$(size_mb localhost/tf1-models:cpu)" -lt 2000 ] && good "$target: size" || bad "cpu image is 2 GB or more"
        if [ "$layers" = true ]; then build "$target" "localhost/tf1-models:$target"; fi  # the second time: all cached
        run_all "localhost/tf1-models:$target"
        [ "$target" = gpu ] && . tests/image/gpu_without_gpu.sh
        ;;
    dev)
        b inspect --type image localhost/tf1-models:cpu >/dev/null 2>&1 || build cpu localhost/tf1-models:cpu || continue
        # an image instead of the stage's name: buildah before 1.30 does not look for stages behind an ARG
        build dev localhost/tf1-models:dev --build-arg DEV_FROM=localhost/tf1-models:cpu || continue
        container=$(b from --pull-never localhost/tf1-models:dev)
        mounts=(--volume "$repository:/workspaces/tf1_models:ro")
        b run "${mounts[@]}" --workingdir /workspaces/tf1_models "$container" -- python -m pytest -q -p no:cacheprovider tests/doctor tests/image \
            >"$work/step.log" 2>&1 && good "dev: tests/doctor and tests/image: $(tail -n 1 "$work/step.log")" || { bad "dev: tests"; tail -n 15 "$work/step.log"; }
        b rm "$container" >/dev/null
        ;;
    legacy)
        [ -n "${TF1_MODELS_TF115:-}" ] || { bad "legacy needs TF1_MODELS_TF115"; continue; }
        . tests/image/legacy_base.sh
        build legacy localhost/tf1-models:legacy --build-arg LEGACY_BASE_IMAGE=localhost/base:tf115 || continue
        run_all localhost/tf1-models:legacy
        ;;
    *) echo "build.sh: unknown target $target; allowed: cpu gpu dev legacy negative" >&2; exit 2 ;;
    esac
done
say "$failures failed"
[ "$failures" = 0 ]
