"""What ``ringfence check`` found, in the formats of terminals and of continuous integration."""
