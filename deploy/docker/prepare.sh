#!/bin/sh
# What has to be there before the services work: schemas, topics, and an agent who can sign in. May run at any time,
# beside running services too: each step leaves alone what is there already, and replicas wait for one another.
set -eu
kawal migrate upgrade all
kawal topics
# Declared in the environment, so that a lost password is set again by running this once more.
if [ -n "${KAWAL_AGENT_PASSWORD:-}" ]; then
    printf '%s\n' "$KAWAL_AGENT_PASSWORD" | kawal agent add --password-stdin \
        --email "$KAWAL_AGENT_EMAIL" --name "$KAWAL_AGENT_NAME" --role agent --role supervisor
fi
