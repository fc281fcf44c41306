"""The page of ``map -o html`` in a real browser. Skipped where no Chromium with its driver is installed."""
