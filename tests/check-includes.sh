#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-includes.sh FOLDER: an include that climbs ("../") would get around the rooms' include paths.
set -eu
cd "$1"

climbing='^[[:space:]]*#[[:space:]]*include[[:space:]]*"\.\./'
status=0
grep -rnE --include='*.h' --include='*.cc' --exclude-dir=build --exclude-dir=.git "$climbing" . || status=$?
case $status in
  0) echo 'the includes above climb out of their folder' >&2; exit 1 ;;
  1) ;;
  *) exit "$status" ;;
esac
