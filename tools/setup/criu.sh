#!/usr/bin/env bash
# Makes sure that /opt/holdfast/criu/bin/criu is a CRIU that works on this kernel.
#
# A CRIU of the system is taken when it is new enough and passes `criu check`. Otherwise CRIU and every
# library it needs, down to the C library, come from Debian unstable into the private prefix: with apt
# configured for this alone, the archive this machine already uses, and the archive keyring Debian ships.
# Nothing of the system is replaced and dpkg's database is not touched. To undo: rm -r /opt/holdfast/criu
#
# Exit code: 0 a working CRIU is there, 1 it could not be had, 2 this is not a machine we can do it on.
set -euo pipefail

PREFIX=/opt/holdfast/criu
LAUNCHER=$PREFIX/bin/criu
MINIMUM=4.2    # 3.17 cannot map the vDSO of Linux 6.x, 4.1 refuses sockets with SO_PASSCRED
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say()  { printf 'holdfast setup: %s\n' "$*" >&2; }
fail() { say "$2"; exit "$1"; }

version_of() { "$1" --version 2>/dev/null | sed -n 's/^Version: *//p'; }

is_new_enough() {
  local version
  version=$(version_of "$1") && [[ -n $version ]] || return 1
  [[ $(printf '%s\n%s\n' "$MINIMUM" "$version" | sort -V | head -n 1) == "$MINIMUM" ]]
}

works() { is_new_enough "$1" && "$1" check >/dev/null 2>&1; }

complaint() { "$LAUNCHER" check 2>&1 | grep -m 1 -F Error || true; }

write_launcher() {    # $1: the directory that will become PREFIX; stdin: the command to execute
  mkdir -p "$1/bin"
  { printf '#!/bin/sh\n# Written by tools/setup/criu.sh.\n'; cat; } >"$1/bin/criu"
  chmod 755 "$1/bin/criu"
}

put_in_place() {      # replaces PREFIX as a whole, so that a broken-off run leaves the old or the new
  mkdir -p "$(dirname "$PREFIX")"
  rm -rf "$PREFIX.old"
  if [[ -e $PREFIX ]]; then mv "$PREFIX" "$PREFIX.old"; fi
  mv "$1" "$PREFIX"
  rm -rf "$PREFIX.old"
}

archive_address() {   # the archive from which this machine gets its own release
  apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' \
    | awk -v release="$VERSION_CODENAME" '$1 == release { print $2; exit }'
}

# Everything apt reads or writes lies under $1; of the system's configuration only what reaches the
# network (proxy and the like) stays in force. An empty dpkg status makes apt take the whole closure.
write_apt_configuration() {
  local work=$1 archive=$2
  mkdir -p "$work"/{state,lists/partial,cache/archives/partial}
  : >"$work/state/status"
  printf 'Types: deb\nURIs: %s\nSuites: sid\nComponents: main\nSigned-By: %s\n' \
    "$archive" "$KEYRING" >"$work/archive.sources"
  cat >"$work/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "$work/archive.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$work/state";
Dir::State::lists "$work/lists";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Cache::archives "$work/cache/archives";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
CONF
}

fetch_into() {        # $1: work directory
  local work=$1
  say "reading the package list of Debian unstable (private copy, signature checked)"
  apt-get -c="$work/apt.conf" -q -o Acquire::Retries=3 --error-on=any update >"$work/apt.log" 2>&1 \
    && apt-get -c="$work/apt.conf" -q -y -o Acquire::Retries=3 --download-only install criu >>"$work/apt.log" 2>&1
}

unpack_into() {       # $1: work directory, $2: root to unpack to
  local archive loader libraries
  mkdir -p "$2"
  for archive in "$1"/cache/archives/*.deb; do
    dpkg-deb -x "$archive" "$2"
    dpkg-deb -f "$archive" Package Version | sed 's/^[^:]*: //' | paste -sd ' ' >>"$2/PACKAGES"
  done
  # Documentation and character set tables are never read by CRIU.
  rm -rf "$2"/usr/share "$2"/usr/lib/*/gconv
  loader=$(find "$2" -type f -name 'ld-linux*.so.*' -print -quit)
  [[ -n $loader && -x $2/usr/sbin/criu ]] || return 1
  libraries=$(dirname "$loader")
  write_launcher "$2" <<EXEC
exec "$PREFIX${loader#"$2"}" --library-path "$PREFIX${libraries#"$2"}" "$PREFIX/usr/sbin/criu" "\$@"
EXEC
}

if works "$LAUNCHER"; then exit 0; fi

[[ $(id -u) == 0 ]] || fail 2 "checking and installing CRIU needs root"
# Fetching the same once more would not help: the reason lies in the kernel or in missing privileges.
if is_new_enough "$LAUNCHER"; then
  fail 1 "CRIU $(version_of "$LAUNCHER") in $PREFIX does not work here: $(complaint) (to fetch it anew, remove $PREFIX)"
fi
. /etc/os-release
if [[ ${ID:-} != debian ]] || ! command -v apt-get >/dev/null; then
  fail 2 "CRIU $MINIMUM or newer is missing; this script can fetch it on Debian only. Install it and run again."
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-criu.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"     # apt downloads as the user _apt

system_criu=$(command -v criu || true)
if [[ -n $system_criu ]] && works "$system_criu"; then
  say "using the installed CRIU $(version_of "$system_criu") at $system_criu"
  write_launcher "$work/root" <<<"exec \"$system_criu\" \"\$@\""
  put_in_place "$work/root"
  exit 0
fi
if [[ -n $system_criu ]]; then say "the installed CRIU at $system_criu does not work on this kernel; it stays as it is"; fi

[[ -r $KEYRING ]] || fail 2 "the archive keyring $KEYRING is missing: apt-get install debian-archive-keyring"
archive=$(archive_address)
[[ -n $archive ]] || fail 1 "apt's sources name no archive for $VERSION_CODENAME"

write_apt_configuration "$work" "$archive"
fetch_into "$work" || { tail -n 5 "$work/apt.log" >&2; fail 1 "CRIU could not be fetched from Debian unstable"; }
say "installing into $PREFIX: $(cd "$work/cache/archives" && ls ./*.deb | sed 's|^\./||; s/_[^_]*\.deb$//; s/_/ /; s/%3a/:/' | paste -sd ',' | sed 's/,/, /g')"
unpack_into "$work" "$work/root" || fail 1 "Debian's CRIU package is not laid out as expected"
chmod -R go-w "$work/root"
put_in_place "$work/root"
works "$LAUNCHER" || fail 1 "CRIU $(version_of "$LAUNCHER") does not work here: $(complaint)"
say "CRIU $(version_of "$LAUNCHER") works on this kernel: $LAUNCHER"
