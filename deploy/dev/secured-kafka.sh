#!/usr/bin/env bash
# A one-node Apache Kafka with a listener of every security protocol, as kafka.sh makes it. Needs openssl besides.
#   secured-kafka.sh start DIR PORT [VERSION=4.3.1] [key=value ...]
#     PORT PLAINTEXT, PORT+2 SASL_PLAINTEXT, PORT+3 SSL (asks for a client certificate), PORT+4 SASL_SSL; certificates in DIR/certs
#     user alice with the password alice-secret by PLAIN; unsigned tokens by OAUTHBEARER; SCRAM users are yours to create
#   secured-kafka.sh hold DIR PORT ...     the same, until standard input ends
#   secured-kafka.sh stop DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
verb=${1:-} dir=${2:-} port=${3:-}
if [ "$verb" = stop ]; then exec bash "$here/kafka.sh" stop "$dir"; fi
if [ -z "$port" ]; then sed -n 2,7p "$0"; exit 2; fi
version=${4:-4.3.1}
shift $(($# < 4 ? $# : 4))
[ -e "$dir/certs/alice.pem" ] || bash "$here/certs.sh" "$dir/certs"
certs=$(cd "$dir/certs" && pwd)

modules=org.apache.kafka.common.security
settings=(
  "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),SASL_PLAINTEXT://127.0.0.1:$((port + 2)),SSL://127.0.0.1:$((port + 3)),SASL_SSL://127.0.0.1:$((port + 4))"
  "advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_PLAINTEXT://127.0.0.1:$((port + 2)),SSL://127.0.0.1:$((port + 3)),SASL_SSL://127.0.0.1:$((port + 4))"
  "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL"
  "ssl.keystore.type=PEM" "ssl.keystore.location=$certs/broker-both.pem"
  "ssl.truststore.type=PEM" "ssl.truststore.location=$certs/ca.pem"
  "listener.name.ssl.ssl.client.auth=required"
  "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
)
for listener in sasl_plaintext sasl_ssl; do
  settings+=(
    "listener.name.$listener.plain.sasl.jaas.config=$modules.plain.PlainLoginModule required user_alice=\"alice-secret\";"
    "listener.name.$listener.scram-sha-256.sasl.jaas.config=$modules.scram.ScramLoginModule required;"
    "listener.name.$listener.scram-sha-512.sasl.jaas.config=$modules.scram.ScramLoginModule required;"
    "listener.name.$listener.oauthbearer.sasl.jaas.config=$modules.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"alice\";"
  )
done
exec bash "$here/kafka.sh" "$verb" "$dir" "$port" "$version" "${settings[@]}" "$@"
