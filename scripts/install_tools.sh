#!/bin/sh
# Installs the optional tools with Debian's package manager where root or password-less sudo allows
# it, and says what is missing where not.  Never fails: everything works without them.
set -u

wanted=""
need() { # program package
    command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"
}
need arm-none-eabi-gcc gcc-arm-none-eabi
[ -d /usr/lib/arm-none-eabi/include ] || wanted="$wanted libnewlib-arm-none-eabi"
need qemu-system-arm qemu-system-arm
need cc gcc
need make make
need chromium chromium
[ -z "$wanted" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed (no apt-get here):$wanted -- using ziglang and unicorn from PyPI instead"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "not installed (needs root: apt-get install$wanted) -- using ziglang and unicorn from PyPI instead"
    exit 0
fi
echo "installing$wanted"
$as_root apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $wanted >/dev/null 2>&1 ||
    echo "could not install$wanted -- using ziglang and unicorn from PyPI instead"
exit 0
