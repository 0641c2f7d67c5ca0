"""What a flow costs: ``make bench``. The method is in docs/performance.md."""
