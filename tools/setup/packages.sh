#!/usr/bin/env bash
# Makes sure that the programs Holdfast builds and runs with are there; installs Debian's packages of those
# that are missing and leaves everything else alone.
#
# Arguments: none for all a node needs, --build for JDK and Maven alone, --test for what only tests need as well.
# Exit code: 0 everything is there, 1 installing failed, 2 this is not a machine we can install on.
set -euo pipefail

say()  { printf 'holdfast setup: %s\n' "$*" >&2; }
fail() { say "$2"; exit "$1"; }

# command:Debian package that holds it. default-jdk-headless is 17 on Debian 12 and newer after that.
NEEDED=(mvn:maven)
if [[ ${1:-} != --build ]]; then
  NEEDED+=(iptables:iptables nft:nftables ip:iproute2 ss:iproute2 unshare:util-linux nsenter:util-linux
           setsid:util-linux kill:procps sysctl:procps losetup:mount mkfs.ext4:e2fsprogs python3:python3
           redis-server:redis-server redis-benchmark:redis-tools redis-cli:redis-tools)
fi

if [[ ${1:-} == --test ]]; then NEEDED+=(tshark:tshark openssl:openssl groff:groff-base script:bsdutils); fi

PATH=$PATH:/usr/sbin:/sbin

has_jdk() {      # javac proves that it is a JDK
  local home=${JAVA_HOME:+$JAVA_HOME/bin/} version
  version=$("${home}javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p') || return 1
  [[ -n $version && $version -ge 17 ]] && command -v "${home}java" >/dev/null
}

missing_packages() {
  local entry
  { if ! has_jdk; then echo default-jdk-headless; fi
    for entry in "${NEEDED[@]}"; do
      type -P "${entry%%:*}" >/dev/null || echo "${entry#*:}"
    done
  } | sort -u
}

# Debian starts a service when it is installed, and at every boot. Holdfast needs the program alone:
# the unit is masked while the package is unpacked, and left disabled but free to be enabled.
keep_redis_from_starting() {
  say "Debian's redis-server service is kept from starting; 'systemctl enable --now redis-server' starts it"
  if [[ -d /run/systemd/system ]]; then systemctl mask --quiet redis-server.service; fi
}

leave_redis_disabled() {
  if [[ -d /run/systemd/system ]]; then
    systemctl unmask --quiet redis-server.service
    systemctl disable --quiet redis-server.service
  else           # another init, or none yet: this takes systemd's links away too
    update-rc.d redis-server disable >/dev/null
  fi
}

install_packages() {
  local log status=0
  log=$(mktemp "${TMPDIR:-/tmp}/holdfast-apt.XXXXXX")
  say "installing with apt-get: $*"
  # RUNLEVEL=1: without systemd, Debian's scripts start no service in single-user mode.
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null || status=1
  if [[ $status != 0 ]]; then tail -n 20 "$log" >&2; fi
  rm -f "$log"
  return $status
}

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} == 0 ]]; then exit 0; fi

[[ $(id -u) == 0 ]] || fail 2 "missing: ${missing[*]}. Installing them needs root: run this as root once."
command -v apt-get >/dev/null \
  || fail 2 "missing: ${missing[*]} (Debian's package names), and there is no apt-get here to install them with."

redis_is_new=no
if [[ " ${missing[*]} " == *" redis-server "* ]]; then redis_is_new=yes; fi
if [[ $redis_is_new == yes ]]; then keep_redis_from_starting; fi
status=0
install_packages "${missing[@]}" || status=1
if [[ $redis_is_new == yes ]]; then leave_redis_disabled; fi
[[ $status == 0 ]] || fail 1 "installing ${missing[*]} failed; apt-get's last lines are above"

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} != 0 ]]; then
  fail 1 "still missing after the installation: ${missing[*]} (JAVA_HOME=${JAVA_HOME:-not set}, PATH=$PATH)"
fi
say "all packages are installed"
