#!/bin/sh
# Prints the path of a Chromium for the browser tests, and brings one if there is none:
# as root from the distribution, otherwise the npm package @sparticuz/chromium, which carries its own libraries.
# Usage: chromium.sh <tools directory> <bin directory of the virtual environment>
set -eu
tools=$1
bin=$2
own=$tools/chromium/run

found() {
    for candidate in "${KAWAL_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome "$own"; do
        if [ -n "$candidate" ] && [ -x "$candidate" ]; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

from_distribution() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    # apt fails too when another package is half configured, so what counts is whether the program is there.
    { apt-get -o DPkg::Lock::Timeout=540 update &&
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=540 install -y --no-install-recommends chromium
    } >&2 || true
    [ -x /usr/bin/chromium ]
}

from_npm() {
    mkdir -p "$tools/chromium"
    PATH=$bin:$PATH npm install --prefix "$tools/chromium" --no-audit --no-fund --no-update-notifier --loglevel=error \
        "@sparticuz/chromium@153.0.0" >&2
    # The package unpacks itself into the temporary folder, and its libraries only where it takes itself to be in a
    # cloud function.
    (cd "$tools/chromium" && TMPDIR=$PWD AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x "$bin/node" --input-type=module -e \
        'import chromium from "@sparticuz/chromium"; await chromium.executablePath();')
    # Its own font configuration looks in the cloud function's folders only.
    cat >"$tools/chromium/fonts.conf" <<EOF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$tools/chromium/fonts</dir><dir>/usr/share/fonts</dir><cachedir>$tools/chromium/font-cache</cachedir>
</fontconfig>
EOF
    cat >"$own" <<EOF
#!/bin/sh
export LD_LIBRARY_PATH=$tools/chromium:$tools/chromium/al2023/lib FONTCONFIG_FILE=$tools/chromium/fonts.conf
exec $tools/chromium/chromium "\$@"
EOF
    chmod 755 "$own"
}

found || { from_distribution || from_npm; found; }
