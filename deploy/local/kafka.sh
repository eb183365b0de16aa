# kafka.sh - one Kafka broker in KRaft mode on loopback.  Sourced by up.sh, which has
# set RUN and PORT_BASE.

kafka_java() { # kafka_java HEAP CLASS ARGUMENT...: fills the array `java`
    java=(java "-Xmx$1" -XX:+UseSerialGC -XX:TieredStopAtLevel="${KAFKA_TIER:-4}" -Djava.awt.headless=true
        -Dlog4j2.configurationFile="file:$TOP/deploy/kafka/log4j2.properties"
        -Dkafka.logs.dir="$RUN/log" "-Dredress.run=$RUN"
        -cp "$(realpath -m "$BUILD/kafka")/libs/*" "${@:2}")
}

kafka_properties() {
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((PORT_BASE + 1))
listeners=PLAINTEXT://127.0.0.1:$PORT_BASE,CONTROLLER://127.0.0.1:$((PORT_BASE + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$PORT_BASE
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=$RUN/kafka/data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.index.size.max.bytes=2097152
log.cleaner.dedupe.buffer.size=33554432
PROPERTIES
}

kafka_start() {
    local java
    if pid_of "$RUN/kafka.pid" >/dev/null; then return 0; fi
    [ -d "$BUILD/kafka/libs" ] || fail 3 "no Kafka in $BUILD/kafka: make deps"
    if port_open "$PORT_BASE"; then
        fail 3 "port $PORT_BASE is taken by another process: make up PORT_BASE=..."
    fi
    mkdir -p "$RUN/kafka"
    kafka_properties >"$RUN/kafka/server.properties"
    if [ ! -e "$RUN/kafka/data/meta.properties" ]; then
        kafka_java 256m kafka.tools.StorageTool format --ignore-formatted \
            -t mkRlZHJlc3MtbG9jYWwtMQ -c "$RUN/kafka/server.properties"
        "${java[@]}" >>"$RUN/log/kafka.log" 2>&1 ||
            { tail -n 5 "$RUN/log/kafka.log" >&2; fail 1 "Kafka could not format its storage"; }
    fi
    kafka_java "${KAFKA_HEAP:-512m}" kafka.Kafka "$RUN/kafka/server.properties"
    spawn "$RUN/kafka.pid" "$RUN/log/kafka.log" "${java[@]}"
}

kafka_answers() {
    kcat -b "127.0.0.1:$PORT_BASE" -m 2 -L 2>/dev/null | grep -q ' 1 brokers:'
}

kafka_wait() {
    if ! wait_for 90 kafka_answers; then
        tail -n 10 "$RUN/log/kafka.log" >&2
        fail 1 "Kafka does not answer on port $PORT_BASE; its log: $RUN/log/kafka.log"
    fi
}
