"""The daily numbers computed a second time, slowly and without SQL, from what `docs/metrics.md` says of them: tests and a nightly check compare both."""
