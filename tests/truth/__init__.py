"""Expected results that other projects publish, run against ringfence. Absent data is skipped, never guessed."""
