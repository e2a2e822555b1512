"""The way of an event from the outbox, Kafka or an imported file into the raw layer of the lake. No event is interpreted here."""
