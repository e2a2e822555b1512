"""Everything between the outbox and raw that needs a Kafka broker. kafka-python is imported in `broker` only."""
