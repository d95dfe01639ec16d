"""The contract, `user.proto`, and the modules generated from it."""
