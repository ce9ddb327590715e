#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-links.sh PROGRAM: the verifier is small enough to be read, and so are the libraries that it trusts.
set -eu

needed=$(readelf -d "$1" | grep -F '(NEEDED)' || true)
if [ -z "$needed" ]; then
  echo "$1 needs no library at all, or is no dynamic program: nothing was checked" >&2
  exit 1
fi
if printf '%s\n' "$needed" | grep -E 'sqlite|archive|curl|zstd|bz2|p11|qrencode'; then
  echo "$1 must not link the libraries above" >&2
  exit 1
fi
