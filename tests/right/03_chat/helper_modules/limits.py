"""The numbers and words that both halves of the chat agree on."""

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"
GONE = "* server gone"
REFUSED = "* name refused"
BACKLOG = 1000
