package recommendation

// This module asks nobody: order processing calls Record, inside its own transaction.
