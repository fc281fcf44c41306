"""What ``ringfence coverage`` found, in the formats of terminals, pull requests and continuous integration."""
