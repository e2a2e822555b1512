"""An Apache Kafka of one node on this machine, for development and tests. Nothing in production starts one."""
