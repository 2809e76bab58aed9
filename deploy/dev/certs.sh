#!/usr/bin/env bash
# certs.sh DIR [DAYS=30]: certificates for trials of TLS, all PEM, for nothing but loopback. Needs openssl.
#   ca          an authority; stranger: another one, that nobody trusts
#   broker      for 127.0.0.1 and localhost; elsewhere: for another host
#   alice, bob  of clients; NAME.key is the key of NAME.pem, NAME-both.pem holds the two as Kafka wants a keystore
set -euo pipefail
mkdir -p "$1"
cd "$1"
days=${2:-30}
new=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
for authority in ca stranger; do
  openssl req -x509 "${new[@]}" -keyout $authority.key -out $authority.pem -days "$days" -subj /CN=trial-$authority 2>/dev/null
done
certificate() { # NAME NAMES
  openssl req "${new[@]}" -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -out "$1.pem" \
    -extfile <(printf 'subjectAltName=%s\n' "$2") 2>/dev/null
  cat "$1.key" "$1.pem" >"$1-both.pem"
  rm "$1.csr"
}
for name in broker alice bob; do certificate $name IP:127.0.0.1,DNS:localhost; done
certificate elsewhere DNS:elsewhere.invalid
