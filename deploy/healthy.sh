#!/bin/bash
# healthy.sh - exit 0 if the service in this container is ready for events.
exec 3<>"/dev/tcp/127.0.0.1/${REDRESS_OPS_PORT:-8080}" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
IFS= read -r -t 4 line <&3
[[ $line == *" 200"* ]]
