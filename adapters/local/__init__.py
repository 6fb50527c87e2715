"""The playground: a chat platform of our own on loopback, with people to be and a clock one can move."""
