#!/usr/bin/env bash
# An S3 server on loopback (versitygw), which keeps its objects as files below DIR/root. Needs Go once, to build it, and a file system
# with extended attributes. Buckets are made by whoever needs them, or named here.
#   versitygw.sh start DIR PORT [BUCKET ...]   waits until it answers, prints its URL
#   versitygw.sh stop  DIR
#   versitygw.sh hold  DIR PORT [BUCKET ...]   as start, then runs until its standard input ends, then stops
#   versitygw.sh build                         prints the path of the program (builds it once)
#   versitygw.sh built                         prints the path of the program if it is built, and fails if not
# The access key is SLUICETEST, its secret a-secret-of-no-worth.
set -euo pipefail
version=v1.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice/versitygw-$version
program=$cache/versitygw

build() {
  if [ ! -x "$program" ]; then
    command -v go >/dev/null || { echo "versitygw.sh: Go is needed to build versitygw" >&2; exit 3; }
    mkdir -p "$cache"
    building=$(mktemp -d "$cache/build.XXXXXX")
    GOBIN=$building go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
    mv "$building/versitygw" "$program" # at once: two builds may race
    rm -rf "$building"
  fi
  echo "$program"
}

case ${1:-} in
build) build ;;
built) [ -x "$program" ] && echo "$program" ;;
start)
  dir=$2 port=$3
  shift 3
  build >/dev/null
  mkdir -p "$dir/root" "$dir/iam"
  dir=$(cd "$dir" && pwd) # it changes its working directory
  for bucket in "$@"; do mkdir -p "$dir/root/$bucket"; done
  ROOT_ACCESS_KEY=SLUICETEST ROOT_SECRET_KEY=a-secret-of-no-worth "$program" --port "127.0.0.1:$port" --keep-alive --quiet \
    --iam-dir "$dir/iam" posix "$dir/root" >"$dir/versitygw.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 100); do
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      sleep 0.2 # who answers may be another one that has the port: then this one ends
      kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
      echo "http://127.0.0.1:$port"
      exit 0
    fi
    sleep 0.1
  done
  tail -20 "$dir/versitygw.log" >&2
  exit 1
  ;;
stop)
  pid=$(cat "$2/pid" 2>/dev/null) || exit 0
  kill "$pid" 2>/dev/null || exit 0
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
  ;;
hold)
  # Whoever holds the other end of standard input owns this server: when that process ends, however it ends, so does the server.
  shift
  bash "$0" start "$@"
  cat >/dev/null || true
  bash "$0" stop "$1"
  ;;
*) sed -n 4,8p "$0"; exit 2 ;;
esac
