"""What all of `rpc` stands on: addresses, the current call, deadlines, errors."""
