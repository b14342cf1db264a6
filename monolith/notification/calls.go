package notification

// This module asks nobody: order processing and payment call Tell, inside their own transactions.
